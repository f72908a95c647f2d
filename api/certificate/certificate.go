// Package certificate is the certificate of erasure: the deleted categories of one person, the
// recipients that were notified, the time and the reasons, and the answer of each recipient. The
// signature can be checked offline with the public key. A certificate holds no personal data: the
// person appears as keyed hashes.
package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
)

// Type identifies the format of a Certificate.
const Type = "dev.rodopath.certificate.v1"

// Certificate is the signed statement.
type Certificate struct {
	Type string `json:"type"`
	// Decision is the id of the deletion, Subject the id of the person, without a meaning of its
	// own.
	Decision string `json:"decision"`
	Subject  string `json:"subject"`
	// Controller is the business that issues the certificate.
	Controller string `json:"controller"`
	// Decided is the instant of the decision, Effective the instant from which the deletion was
	// due, and Confirmed the instant of the last confirmation.
	Decided   time.Time `json:"decided"`
	Effective time.Time `json:"effective"`
	Confirmed time.Time `json:"confirmed"`
	// Policy is the revision of the rules that decided.
	Policy string `json:"policy"`
	// Categories are the deleted categories of data with their numbers of records.
	Categories []Category `json:"categories"`
	// Because are the purposes whose bases had ended, each with its article.
	Because []string `json:"because"`
	// Recipients are the notified recipients with their answers.
	Recipients []Recipient `json:"recipients"`
	// Person holds hashes of the names of the person: see Names.
	Person []string `json:"person"`
}

// Category is a category of data that was deleted.
type Category struct {
	Category string `json:"category"`
	Records  int    `json:"records,omitempty"`
}

// Recipient is a notified recipient with its answer.
type Recipient struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	Outcome    string            `json:"outcome"`
	Categories map[string]string `json:"categories,omitempty"`
	At         time.Time         `json:"at"`
}

// Signed is a certificate with its signature.
type Signed struct {
	// Certificate is the Certificate in JSON. The signature covers the bytes without white space
	// between tokens.
	Certificate json.RawMessage `json:"certificate"`
	// Algorithm is "Ed25519", Key the public key and Signature the signature, both in
	// base64.
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

const algorithm = "Ed25519"

// Sign signs a certificate.
func Sign(c *Certificate, key ed25519.PrivateKey) (*Signed, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", c.Decision, err)
	}
	return &Signed{
		Certificate: data, Algorithm: algorithm, Key: PublicKey(key),
		Signature: base64.StdEncoding.EncodeToString(ed25519.Sign(key, data)),
	}, nil
}

// PublicKey returns the public key for the verification, in base64.
func PublicKey(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // the type's own
}

// ErrForged means that a certificate was not signed by the key, or changed since.
var ErrForged = errors.New("the signature is invalid: the certificate was changed, or belongs to another business")

// Verify reads and checks a signed certificate. key is the public key as published by the business,
// in base64; the key in the file alone proves nothing.
func Verify(data []byte, key string) (*Certificate, error) {
	var s Signed
	if err := json.Unmarshal(data, &s); err != nil || len(s.Certificate) == 0 || s.Algorithm != algorithm {
		return nil, errors.New("verify certificate: the file is no certificate of erasure")
	}
	if s.Key != key || repeats(data) {
		return nil, fmt.Errorf("verify certificate: %w", ErrForged)
	}
	public, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("verify certificate: the key is not a public key in base64")
	}
	var signed bytes.Buffer
	if err := json.Compact(&signed, s.Certificate); err != nil {
		return nil, fmt.Errorf("verify certificate: %w", err)
	}
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil || !ed25519.Verify(public, signed.Bytes(), signature) {
		return nil, fmt.Errorf("verify certificate: %w", ErrForged)
	}
	c := &Certificate{}
	if err := json.Unmarshal(s.Certificate, c); err != nil || c.Type != Type {
		return nil, errors.New("verify certificate: the file is no certificate of erasure")
	}
	return c, nil
}

// repeats reports whether an object has a repeated field, which two readers could read differently.
func repeats(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	var open []map[string]bool // by depth; nil in an array
	key := false
	for {
		t, err := dec.Token()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			key = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if key {
				if open[len(open)-1][t] {
					return true
				}
				open[len(open)-1][t] = true
				key = false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// Names reports whether the certificate concerns a name: an e-mail address in lower case, or an id
// such as "stripe:cus_123". key is the key of the hashes, which is disclosed apart from the
// certificate.
func (c *Certificate) Names(name, key string) bool {
	return slices.Contains(c.Person, stream.Hash(key, name))
}
