// Package woocommerce signs and verifies webhooks by the scheme of WooCommerce. The webhooks are
// read by the package webhook, and data are erased by the package erase.
package woocommerce

import (
	"regexp"
	"slices"

	"github.com/rodopath/rodopath/api/signature"
)

// Verifier verifies the X-WC-Webhook-Signature header: the base64 HMAC of the body alone, without a
// time and therefore without expiry.
type Verifier struct{ keys signature.Keys }

// NewVerifier returns a verifier for the secrets of one shop. WordPress stores a secret with
// escaped special characters and signs with the unescaped secret (wp_specialchars_decode with
// ENT_QUOTES), so both forms of a secret are accepted.
func NewVerifier(secrets []string) (*Verifier, error) {
	var all []string
	for _, s := range secrets {
		all = append(all, s)
		if plain := unescape(s); plain != s {
			all = append(all, plain)
		}
	}
	ks, err := signature.NewKeys(slices.Compact(all))
	if err != nil {
		return nil, err
	}
	return &Verifier{ks}, nil
}

// Verify checks the value of the X-WC-Webhook-Signature header against the raw body.
func (v *Verifier) Verify(header string, body []byte) error {
	if header == "" {
		return signature.ErrMissing
	}
	d, ok := signature.ParseBase64(header)
	if !ok {
		return signature.ErrMalformed
	}
	return v.keys.Check([]signature.Digest{d}, body)
}

// Sign returns a value for the X-WC-Webhook-Signature header.
func Sign(secret string, body []byte) string {
	return signature.NewKey([]byte(unescape(secret))).Sum(body).Base64()
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
