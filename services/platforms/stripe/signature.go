// Package stripe signs and verifies webhooks by the scheme of Stripe. The webhooks are read by the
// package webhook, and data are erased by the package erase.
package stripe

import (
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/signature"
)

// Verifier verifies the Stripe-Signature header: "t=…,v1=hex", with one v1 for every secret in
// force and, on test events, a v0 that never counts. The key is the whole "whsec_…" text.
type Verifier struct{ keys signature.Keys }

// NewVerifier returns a verifier for the secrets of one endpoint.
func NewVerifier(secrets []string) (*Verifier, error) {
	ks, err := signature.NewKeys(secrets)
	if err != nil {
		return nil, err
	}
	return &Verifier{ks}, nil
}

// Verify checks the value of the Stripe-Signature header against the raw body.
func (v *Verifier) Verify(header string, body []byte, at time.Time) error {
	if header == "" {
		return signature.ErrMissing
	}
	t, candidates, err := parse(header)
	if err != nil {
		return err
	}
	if err := signature.CheckTimestamp(t, at); err != nil {
		return err
	}
	return v.keys.Check(candidates, []byte(t), dot(), body)
}

// Sign returns a value for the Stripe-Signature header.
func Sign(secret string, at time.Time, body []byte) string {
	t := signature.Timestamp(at)
	return "t=" + t + ",v1=" + signature.NewKey([]byte(secret)).Sum([]byte(t), dot(), body).Hex()
}

// dot separates the signed parts.
func dot() []byte { return []byte{'.'} }

func parse(header string) (t string, candidates []signature.Digest, err error) {
	for item := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		switch {
		case !ok:
			return "", nil, signature.ErrMalformed
		case name == "t" && t != "":
			return "", nil, signature.ErrMalformed
		case name == "t":
			t = value
		case name == "v1" && len(candidates) < signature.MaxCandidates:
			if d, ok := signature.ParseHex(value); ok {
				candidates = append(candidates, d)
			}
		}
	}
	if t == "" || len(candidates) == 0 {
		return "", nil, signature.ErrMalformed
	}
	return t, candidates, nil
}
