package signature

import "encoding/hex"

// MailerLite verifies the Signature header: the lower-case hex HMAC of the body. MailerLite Classic
// sends the same HMAC as base64 in X-MailerLite-Signature; either form is accepted. Neither form
// carries a time.
type MailerLite struct{ keys keys }

// NewMailerLite returns a verifier for the secrets that the API of MailerLite
// gave; for Classic the secret is the API key.
func NewMailerLite(secrets []string) (*MailerLite, error) {
	ks, err := newKeys(secrets)
	if err != nil {
		return nil, err
	}
	return &MailerLite{ks}, nil
}

// Verify checks the value of the signature header against the raw body.
func (m *MailerLite) Verify(header string, body []byte) error {
	if header == "" {
		return ErrMissing
	}
	d, ok := parseHex(header)
	if !ok {
		d, ok = parseBase64(header)
	}
	if !ok {
		return ErrMalformed
	}
	return m.keys.check([]digest{d}, body)
}

// SignMailerLite returns a value for the Signature header.
func SignMailerLite(secret string, body []byte) string {
	sum := newKey([]byte(secret)).sum(body)
	return hex.EncodeToString(sum[:])
}
