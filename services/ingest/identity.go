package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/address"
)

// emailKind is the kind of an address among identities.
const emailKind = "email"

// maxEmail is the maximum length of an address in bytes: 64 for the local part, an @ and 255 for
// the domain (RFC 5321).
const maxEmail = 320

// Email returns an address in its one writing (address.Normal), and reports whether the text is an
// address: one @ with text on both sides, no spaces and no control characters. The check is only
// strict enough to unify two writings of one address.
func Email(s string) (string, bool) {
	s = address.Normal(s)
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") || len(s) > maxEmail {
		return "", false
	}
	// utf8.RuneError marks bytes that are no text.
	unfit := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError }
	if strings.ContainsFunc(s, unfit) {
		return "", false
	}
	return s, true
}

// Identities collects the names of one person, without empty and repeated ones.
type Identities []*factv1.Identity

// AddEmail adds an address and reports whether the text is an address.
func (ids *Identities) AddEmail(s string) bool {
	email, ok := Email(s)
	if ok {
		ids.Add(emailKind, email)
	}
	return ok
}

// Add adds a platform's id of the person; an empty id is ignored.
func (ids *Identities) Add(kind, value string) {
	if value == "" {
		return
	}
	for _, have := range *ids {
		if have.GetKind() == kind && have.GetValue() == value {
			return
		}
	}
	*ids = append(*ids, &factv1.Identity{Kind: kind, Value: value})
}
