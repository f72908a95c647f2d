package display

import (
	"strings"
	"unicode/utf8"
)

// MaskedAddress returns an e-mail address shown in part, such as "al…@example.com": enough for its holder to recognize
// the address.
func MaskedAddress(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	const shown = 2
	keep := min(shown, utf8.RuneCountInString(local)-1)
	out, n := "", 0
	for _, r := range local {
		if n == keep {
			break
		}
		out, n = out+string(r), n+1
	}
	return Line(out + "…@" + domain)
}
