// Package mailerlite signs and verifies webhooks by the scheme of MailerLite. The webhooks are read
// by the package webhook, and data are erased by the package erase.
package mailerlite

import "github.com/rodopath/rodopath/api/signature"

// Verifier verifies the Signature header: the lower-case hex HMAC of the body. MailerLite Classic
// sends the same HMAC as base64 in X-MailerLite-Signature; either form is accepted. Neither form
// carries a time.
type Verifier struct{ keys signature.Keys }

// NewVerifier returns a verifier for the secrets that the API of MailerLite gave; for Classic the
// secret is the API key.
func NewVerifier(secrets []string) (*Verifier, error) {
	ks, err := signature.NewKeys(secrets)
	if err != nil {
		return nil, err
	}
	return &Verifier{ks}, nil
}

// Verify checks the value of the signature header against the raw body.
func (v *Verifier) Verify(header string, body []byte) error {
	if header == "" {
		return signature.ErrMissing
	}
	d, ok := signature.ParseHex(header)
	if !ok {
		d, ok = signature.ParseBase64(header)
	}
	if !ok {
		return signature.ErrMalformed
	}
	return v.keys.Check([]signature.Digest{d}, body)
}

// Sign returns a value for the Signature header.
func Sign(secret string, body []byte) string {
	return signature.NewKey([]byte(secret)).Sum(body).Hex()
}
