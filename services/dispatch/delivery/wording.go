package delivery

import (
	"strings"

	"github.com/rodopath/rodopath/services/internal/address"
)

// maxReasonLength bounds a stored text of outside origin, in characters.
const maxReasonLength = 300

// Plain prepares a text of outside origin for logs, pages and storage: one line, short, and without
// addresses. Every word with an @, however escaped, is removed.
func Plain(s string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f })
	s = address.HideAny(strings.Join(words, " "))
	if r := []rune(s); len(r) > maxReasonLength {
		s = string(r[:maxReasonLength-1]) + "…"
	}
	return s
}
