package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
)

// former is the envelope of certificates before JSON Web Signatures. The signature covers the bytes
// of the certificate without white space between tokens.
type former struct {
	Certificate json.RawMessage `json:"certificate"`
	// Algorithm is "Ed25519", Key the public key and Signature the signature, both in base64.
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

// verifyFormer checks a former envelope and returns the JSON of the certificate.
func verifyFormer(data []byte, key string) ([]byte, error) {
	var s former
	if err := json.Unmarshal(data, &s); err != nil || s.Algorithm != "Ed25519" {
		return nil, errOther
	}
	if s.Key != key {
		return nil, ErrForged
	}
	public, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	var signed bytes.Buffer
	if err := json.Compact(&signed, s.Certificate); err != nil {
		return nil, err
	}
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil || !ed25519.Verify(public, signed.Bytes(), signature) {
		return nil, ErrForged
	}
	return s.Certificate, nil
}
