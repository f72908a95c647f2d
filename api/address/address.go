// Package address knows how the address of a person looks, so that none gets to where
// addresses must not be: into names of records, reasons and logs.
package address

import (
	"strings"
	"unicode"
)

// Looks tells whether a text looks as if it held an address: something with a dot
// follows an @, as in the domain of an address, also where they are escaped, as in
// "ala%40example.com". A record of a source, such as "woocommerce:order/17@shop", has
// none. It is a guess that errs on the side of care.
func Looks(text string) bool {
	for _, part := range strings.Split(Unescape(text), "@")[1:] {
		domain, _, _ := strings.Cut(part, "/")
		if strings.Contains(domain, ".") {
			return true
		}
	}
	return false
}

// Hide replaces the words of a text that look as if they held an address by "…". What
// stands between spaces is a word, so all of a URL goes.
func Hide(text string) string {
	if !Looks(text) {
		return text
	}
	return replace(text, Looks)
}

// HideAny replaces every word of a text that has an @, however it is escaped, by "…". It
// is for what strangers say, who may leave the dots out or put others in.
func HideAny(text string) string {
	return replace(text, func(word string) bool { return strings.Contains(Unescape(word), "@") })
}

// replace replaces the words that are meant, and leaves what is between them.
func replace(text string, is func(word string) bool) string {
	var out strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, unicode.IsSpace)
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		if is(word) {
			word = "…"
		}
		out.WriteString(word)
		rest := strings.TrimLeftFunc(text[end:], unicode.IsSpace)
		out.WriteString(text[end : len(text)-len(rest)])
		text = rest
	}
	return out.String()
}

// maxEscapes bounds how often a text may be escaped: a URL within a URL is escaped twice.
const maxEscapes = 4

// Unescape writes the @ and the dots of a text as themselves where they are escaped for
// a URL, for HTML or for JSON, once or several times.
func Unescape(text string) string {
	for range maxEscapes {
		if !strings.ContainsAny(text, `%&\＠`) {
			break
		}
		plain := strings.NewReplacer(
			"%40", "@", "%2E", ".", "%2e", ".", "%25", "%",
			"&#64;", "@", "&#064;", "@", "&#x40;", "@", "&#X40;", "@", "&commat;", "@", "&#46;", ".", "&#x2e;", ".", "&#x2E;", ".", "&period;", ".", "&amp;", "&",
			`\u0040`, "@", `\x40`, "@", `\u002e`, ".", `\u002E`, ".", `\u0026`, "&", `\\`, `\`,
			"＠", "@",
		).Replace(text)
		if plain == text {
			break
		}
		text = plain
	}
	return text
}
