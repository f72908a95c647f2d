package signature

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

const (
	standardPrefix = "whsec_"
	// minStandardKey is the minimum length of a key, in bytes.
	minStandardKey = 16
)

// Standard verifies webhooks signed by Standard Webhooks
// (standardwebhooks.com): HMAC over "id.timestamp.body", sent as a
// space-separated list of "v1,base64" in the header webhook-signature.
type Standard struct{ keys Keys }

// NewStandard returns a verifier for secrets written "whsec_" + base64.
func NewStandard(secrets []string) (*Standard, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrSecret)
	}
	ks := make(Keys, 0, len(secrets))
	for i, s := range secrets {
		k, err := standardKey(s)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", i+1, err)
		}
		ks = append(ks, NewKey(k))
	}
	return &Standard{ks}, nil
}

// Verify checks the values of the headers webhook-id, webhook-timestamp and
// webhook-signature against the raw body.
func (s *Standard) Verify(id, timestamp, header string, body []byte, at time.Time) error {
	if id == "" || timestamp == "" || header == "" {
		return ErrMissing
	}
	if err := CheckTimestamp(timestamp, at); err != nil {
		return err
	}
	var candidates []Digest
	for item := range strings.FieldsSeq(header) {
		version, value, _ := strings.Cut(item, ",")
		if d, ok := ParseBase64(value); ok && version == "v1" && len(candidates) < MaxCandidates {
			candidates = append(candidates, d)
		}
	}
	if len(candidates) == 0 {
		return ErrMalformed
	}
	return s.keys.Check(candidates, []byte(id), dot(), []byte(timestamp), dot(), body)
}

// Sign returns a value for the header webhook-signature, with a signature by each of the secrets;
// id and at go into webhook-id and webhook-timestamp.
func (s *Standard) Sign(id string, at time.Time, body []byte) string {
	signed := make([]string, len(s.keys))
	for i, k := range s.keys {
		sum := k.Sum([]byte(id), dot(), []byte(Timestamp(at)), dot(), body)
		signed[i] = "v1," + sum.Base64()
	}
	return strings.Join(signed, " ")
}

// SignStandard returns a value for the header webhook-signature; id and at go
// into webhook-id and webhook-timestamp.
func SignStandard(secret, id string, at time.Time, body []byte) (string, error) {
	k, err := standardKey(secret)
	if err != nil {
		return "", fmt.Errorf("sign webhook: %w", err)
	}
	sum := NewKey(k).Sum([]byte(id), dot(), []byte(Timestamp(at)), dot(), body)
	return "v1," + sum.Base64(), nil
}

func standardKey(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, standardPrefix)
	if !ok {
		return nil, fmt.Errorf("%w: the prefix %s is missing", ErrSecret, standardPrefix)
	}
	k, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the text after %s is not base64", ErrSecret, standardPrefix)
	}
	if len(k) < minStandardKey {
		return nil, fmt.Errorf("%w: shorter than %d bytes", ErrSecret, minStandardKey)
	}
	return k, nil
}

// dot separates the signed parts.
func dot() []byte { return []byte{'.'} }
