package address

import (
	"html"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxNormal bounds the texts that Normal cleans, in bytes. No address is as long (RFC 5321).
const maxNormal = 1000

// Normal returns the one writing of an address, in lower case: without surrounding space, angle
// brackets and "mailto:", without invisible characters, without the escapes of HTML and of PHP, in
// Unicode's composed form (NFC), and with a domain in ASCII (IDNA). Dots and tags stay significant.
// A text that is no address is cleaned the same way. Normal is idempotent.
func Normal(s string) string {
	if len(s) > maxNormal {
		return strings.ToLower(strings.TrimSpace(s))
	}
	for { // every round but the last makes the text shorter, or lower, or composed
		next := cleaned(s)
		if next == s {
			return asciiDomain(s)
		}
		s = next
	}
}

// cleaned removes one layer of escapes and wrapping.
func cleaned(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // zero-width characters, soft hyphens, marks of direction
			return -1
		}
		return r
	}, unescapeHTML(s))
	s = norm.NFC.String(strings.ToLower(s))
	s = strings.TrimPrefix(strings.TrimSpace(strings.ReplaceAll(s, `\'`, `'`)), "mailto:")
	if inner, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(inner, ">") {
		s = strings.TrimSuffix(inner, ">")
	}
	return strings.TrimSpace(s)
}

// unescapeHTML decodes the entities that end with a semicolon: "a&lt@x" is an address with an "&".
func unescapeHTML(s string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "&")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if name, after, ok := strings.Cut(rest, ";"); ok && name != "" && !strings.ContainsAny(name, "&@ ") {
			out.WriteString(html.UnescapeString("&" + name + ";"))
			s = after
			continue
		}
		out.WriteString("&")
		s = rest
	}
}

// maxDomain bounds the domains that are looked up, in bytes.
const maxDomain = 512

// asciiDomain writes the domain as browsers look the domain up. A domain that no lookup accepts
// stays as written.
func asciiDomain(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s
	}
	if len(s)-at > maxDomain {
		return s
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || domain == "" {
		return s
	}
	return s[:at+1] + domain
}

// Former lists further writings of an address in the form of Normal, under which an earlier version
// may have stored the address.
func Former(s string) []string {
	var out []string
	add := func(other string) {
		if other != s {
			out = append(out, other)
		}
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		if domain, err := idna.Lookup.ToUnicode(s[at+1:]); err == nil {
			add(s[:at+1] + domain)
		}
	}
	add(norm.NFD.String(s))
	for _, escaped := range []string{"&#039;", "&#39;", `\'`} {
		add(strings.ReplaceAll(s, "'", escaped))
	}
	add(strings.ReplaceAll(s, "&", "&amp;"))
	return out
}
