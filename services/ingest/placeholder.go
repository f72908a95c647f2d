package ingest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// invalidDomain ends the addresses that no mailbox can have (RFC 2606). WooCommerce writes
// deleted@site.invalid into every order that it anonymizes.
const invalidDomain = ".invalid"

// WithoutPlaceholders returns a provider that reads placeholders as no address: addresses under
// .invalid, and those that match a pattern of the source, such as "*@guest.marketplace.example". A
// record with a placeholder alone is known by its own name.
func WithoutPlaceholders(p Provider, patterns []string) Provider {
	return &placeholders{Provider: p, patterns: patterns}
}

type placeholders struct {
	Provider
	patterns []string
}

// Read reads the webhook and removes the placeholders.
func (p *placeholders) Read(header http.Header, body []byte, at time.Time) (Reading, error) {
	r, err := p.Provider.Read(header, body, at)
	if err != nil {
		return r, err
	}
	before := len(r.Facts)
	r.Facts = slices.DeleteFunc(r.Facts, func(f *factv1.Fact) bool { return !p.clean(f) })
	for range before - len(r.Facts) {
		r.Silent = append(r.Silent, SilentNoPerson)
	}
	return r, nil
}

// clean removes the placeholders from a fact, and reports whether the fact still has a person or a
// record.
func (p *placeholders) clean(f *factv1.Fact) bool {
	names := slices.DeleteFunc(slices.Clone(f.GetIdentities()), func(i *factv1.Identity) bool {
		return i.GetKind() == emailKind && p.isPlaceholder(i.GetValue())
	})
	if len(names) == len(f.GetIdentities()) {
		return true
	}
	f.Identities = names
	if f.GetKind() == factv1.Kind_KIND_IDENTIFIED && f.GetRef() == "" && len(names) < 2 {
		return false // one name joins nothing
	}
	if len(names)+len(f.GetLocators()) == 0 && f.GetRef() != "" {
		f.Locators = []string{f.GetRef()}
	}
	return len(names)+len(f.GetLocators()) > 0
}

func (p *placeholders) isPlaceholder(email string) bool {
	return strings.HasSuffix(email, invalidDomain) ||
		slices.ContainsFunc(p.patterns, func(pattern string) bool { return matches(strings.ToLower(pattern), email) })
}

// matches reports whether an address has the form of a pattern: the part before or after the one "*"
// of the pattern, if any, must agree.
func matches(pattern, email string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == email
	}
	return len(email) >= len(before)+len(after) && strings.HasPrefix(email, before) && strings.HasSuffix(email, after)
}
