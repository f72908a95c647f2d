package signature

import (
	"encoding/hex"
	"strings"
	"time"
)

// Stripe verifies the Stripe-Signature header: "t=…,v1=hex", with one v1 for
// every secret in force and, on test events, a v0 that never counts.
// The key is the whole "whsec_…" text.
type Stripe struct{ keys keys }

// NewStripe returns a verifier for the secrets of one endpoint.
func NewStripe(secrets []string) (*Stripe, error) {
	ks, err := newKeys(secrets)
	if err != nil {
		return nil, err
	}
	return &Stripe{ks}, nil
}

// Verify checks the value of the Stripe-Signature header against the raw body.
func (s *Stripe) Verify(header string, body []byte, at time.Time) error {
	if header == "" {
		return ErrMissing
	}
	t, candidates, err := parseStripe(header)
	if err != nil {
		return err
	}
	if err := parseStamp(t, at); err != nil {
		return err
	}
	return s.keys.check(candidates, []byte(t), dot(), body)
}

// SignStripe returns a value for the Stripe-Signature header.
func SignStripe(secret string, at time.Time, body []byte) string {
	t := stamp(at)
	sum := newKey([]byte(secret)).sum([]byte(t), dot(), body)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum[:])
}

// dot separates the signed parts.
func dot() []byte { return []byte{'.'} }

// maxCandidates is more than any rotation needs and bounds the work that a
// hostile header can ask for.
const maxCandidates = 16

func parseStripe(header string) (t string, candidates []digest, err error) {
	for item := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		switch {
		case !ok:
			return "", nil, ErrMalformed
		case name == "t" && t != "":
			return "", nil, ErrMalformed
		case name == "t":
			t = value
		case name == "v1" && len(candidates) < maxCandidates:
			if d, ok := parseHex(value); ok {
				candidates = append(candidates, d)
			}
		}
	}
	if t == "" || len(candidates) == 0 {
		return "", nil, ErrMalformed
	}
	return t, candidates, nil
}

func parseHex(s string) (d digest, ok bool) {
	if len(s) != hex.EncodedLen(len(d)) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err == nil
}
