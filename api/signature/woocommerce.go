package signature

import (
	"encoding/base64"
	"regexp"
	"slices"
)

// WooCommerce verifies the X-WC-Webhook-Signature header: the base64 HMAC of the body alone,
// without a time and therefore without expiry.
type WooCommerce struct{ keys keys }

// NewWooCommerce returns a verifier for the secrets of one shop. WordPress stores a secret with
// escaped special characters and signs with the unescaped secret (wp_specialchars_decode with
// ENT_QUOTES), so both forms of a secret are accepted.
func NewWooCommerce(secrets []string) (*WooCommerce, error) {
	var all []string
	for _, s := range secrets {
		all = append(all, s)
		if plain := unescape(s); plain != s {
			all = append(all, plain)
		}
	}
	ks, err := newKeys(slices.Compact(all))
	if err != nil {
		return nil, err
	}
	return &WooCommerce{ks}, nil
}

// Verify checks the value of the X-WC-Webhook-Signature header against the raw
// body.
func (w *WooCommerce) Verify(header string, body []byte) error {
	if header == "" {
		return ErrMissing
	}
	d, ok := parseBase64(header)
	if !ok {
		return ErrMalformed
	}
	return w.keys.check([]digest{d}, body)
}

// SignWooCommerce returns a value for the X-WC-Webhook-Signature header.
func SignWooCommerce(secret string, body []byte) string {
	sum := newKey([]byte(unescape(secret))).sum(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// unescape is wp_specialchars_decode(s, ENT_QUOTES): one pass over the five characters escaped by
// WordPress, in their named and numbered forms.
func unescape(s string) string {
	entity := regexp.MustCompile(`&(?:lt|gt|quot|amp|#0*(?:60|62|34|38|39)|#[xX]0*(?:3[cCeE]|2[267]));`)
	last := regexp.MustCompile(`^&#?[xX]?0*|;$`)
	return entity.ReplaceAllStringFunc(s, func(e string) string {
		switch last.ReplaceAllString(e, "") {
		case "lt", "60", "3c", "3C":
			return "<"
		case "gt", "62", "3e", "3E":
			return ">"
		case "quot", "34", "22":
			return `"`
		case "39", "27":
			return "'"
		}
		return "&"
	})
}

func parseBase64(s string) (d digest, ok bool) {
	if len(s) != base64.StdEncoding.EncodedLen(len(d)) {
		return d, false
	}
	// 32 bytes decode out of 44 characters into a buffer of 33.
	var buf [len(d) + 1]byte
	n, err := base64.StdEncoding.Strict().Decode(buf[:], []byte(s))
	if err != nil || n != len(d) {
		return d, false
	}
	return digest(buf[:n]), true
}
