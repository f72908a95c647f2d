package delivery

import (
	"strings"

	"github.com/rodopath/rodopath/api/address"
)

// maxReasonLength bounds what is kept of a text that came from elsewhere, in characters.
const maxReasonLength = 300

// Plain makes a text fit to be logged, shown and kept: in one line, short, and without
// addresses. Of texts from elsewhere every word with an @ goes, however it is escaped.
func Plain(s string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f })
	s = address.HideAny(strings.Join(words, " "))
	if r := []rune(s); len(r) > maxReasonLength {
		s = string(r[:maxReasonLength-1]) + "…"
	}
	return s
}
