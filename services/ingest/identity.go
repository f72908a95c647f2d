package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// maxEmail is the longest address taken, in bytes: 64 for the local part, an @
// and 255 for the domain (RFC 5321).
const maxEmail = 320

// Email returns an address trimmed and in lower case, and whether it is one: one
// @ with something on both sides, no spaces and no control characters. Only so
// much is asked that two writings of one address become one.
func Email(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") || len(s) > maxEmail {
		return "", false
	}
	// utf8.RuneError stands for bytes that were no text.
	unfit := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError }
	if strings.ContainsFunc(s, unfit) {
		return "", false
	}
	return s, true
}

// Identities gathers the names of one person and leaves out what is empty or
// told twice.
type Identities []*factv1.Identity

// AddEmail adds an address if it is one, and tells whether it is.
func (ids *Identities) AddEmail(s string) bool {
	address, ok := Email(s)
	if ok {
		ids.Add("email", address)
	}
	return ok
}

// Add adds a platform's id of the person unless it is empty.
func (ids *Identities) Add(kind, value string) {
	if value == "" {
		return
	}
	for _, have := range *ids {
		if have.Kind == kind && have.Value == value {
			return
		}
	}
	*ids = append(*ids, &factv1.Identity{Kind: kind, Value: value})
}
