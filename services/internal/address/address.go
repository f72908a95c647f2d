// Package address knows how the address of a person looks, so that none gets to where
// addresses must not be: into names of records, reasons and logs.
package address

import (
	"strings"
	"unicode"
)

// Looks reports whether a text seems to hold an address: a dot after an @, as in the domain of an
// address, also in escaped form ("ala%40example.com"). Names of records
// ("woocommerce:order/17@shop") have no such dot. The guess prefers a false alarm.
func Looks(text string) bool {
	for _, part := range strings.Split(Unescape(text), "@")[1:] {
		domain, _, _ := strings.Cut(part, "/")
		if strings.Contains(domain, ".") {
			return true
		}
	}
	return false
}

// Hide replaces the words of a text that seem to hold an address by "…". Words are separated by
// spaces, so a URL is replaced as a whole.
func Hide(text string) string {
	if !Looks(text) {
		return text
	}
	return replace(text, Looks)
}

// HideAny replaces every word with an @, however escaped, by "…", for untrusted texts that may omit
// or add dots.
func HideAny(text string) string {
	return replace(text, func(word string) bool { return strings.Contains(Unescape(word), "@") })
}

// replace replaces the matching words and keeps the text between words.
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

// The escapes of an @ and of a dot, separated by spaces, and the other signs of Unicode that look like
// them and are read as them.
const (
	atEscapes = `%40 &#64; &#064; &#x40; &#X40; &commat; \u0040 \x40 ＠ ﹫ ` +
		`%EF%BC%A0 %ef%bc%a0 %EF%B9%AB %ef%b9%ab ` +
		`&#65312; &#xff20; &#xFF20; &#65131; &#xfe6b; &#xFE6B; \uff20 \uFF20 \ufe6b \uFE6B`
	dotEscapes = `%2E %2e &#46; &#x2e; &#x2E; &period; \u002e \u002E ． 。 ｡ ﹒`
)

// unescaper decodes one layer of escapes.
func unescaper() *strings.Replacer {
	pairs := []string{"%25", "%", "&amp;", "&", `\u0026`, "&", `\\`, `\`}
	for escape := range strings.FieldsSeq(atEscapes) {
		pairs = append(pairs, escape, "@")
	}
	for escape := range strings.FieldsSeq(dotEscapes) {
		pairs = append(pairs, escape, ".")
	}
	return strings.NewReplacer(pairs...)
}

// Unescape decodes the @ and the dots of a text that are escaped for a URL, for HTML or for JSON,
// once or several times, and replaces their look-alikes.
func Unescape(text string) string {
	for range maxEscapes {
		if !strings.ContainsAny(text, `%&\＠﹫．。｡﹒`) {
			break
		}
		plain := unescaper().Replace(text)
		if plain == text {
			break
		}
		text = plain
	}
	return text
}
