package carry

import "strings"

// maxWords bounds what is kept of a text that came from elsewhere, in characters.
const maxWords = 300

// Plain makes a text fit to be logged, shown and kept: in one line, short, and without
// addresses.
func Plain(s string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f })
	for i, w := range words {
		if strings.Contains(w, "@") || strings.Contains(w, "%40") {
			words[i] = "…"
		}
	}
	s = strings.Join(words, " ")
	if r := []rune(s); len(r) > maxWords {
		s = string(r[:maxWords-1]) + "…"
	}
	return s
}
