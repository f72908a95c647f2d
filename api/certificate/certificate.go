// Package certificate is the certificate of erasure: who was told to delete what of
// one person, when and why, and what each answered. It is signed, and anybody who has
// the public key can check it without asking us. It holds no personal data: the person
// stands in it as hashes, which say something only to who knows the key of the hashes
// and the name.
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

// Type is what a Certificate says it is.
const Type = "dev.rodopath.certificate.v1"

// Certificate is what is certified.
type Certificate struct {
	Type string `json:"type"`
	// Decision is the id of the deletion, Subject the id of the person, which means
	// nothing by itself.
	Decision string `json:"decision"`
	Subject  string `json:"subject"`
	// Controller is the business that says so.
	Controller string `json:"controller"`
	// Decided is when it was decided, Effective the instant from which it was due, and
	// Confirmed when the last recipient had confirmed.
	Decided   time.Time `json:"decided"`
	Effective time.Time `json:"effective"`
	Confirmed time.Time `json:"confirmed"`
	// Policy is the revision of the rules that decided.
	Policy string `json:"policy"`
	// Categories are what was deleted, with the number of records where there were any.
	Categories []Category `json:"categories"`
	// Because are the purposes whose bases had ended, each with its article.
	Because []string `json:"because"`
	// Recipients are the systems that were told, and what they answered.
	Recipients []Recipient `json:"recipients"`
	// Person holds hashes of the names of the person: see Names.
	Person []string `json:"person"`
}

// Category is a category of data that was deleted.
type Category struct {
	Category string `json:"category"`
	Records  int    `json:"records,omitempty"`
}

// Recipient is a system that was told, and its answer.
type Recipient struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	Outcome    string            `json:"outcome"`
	Categories map[string]string `json:"categories,omitempty"`
	At         time.Time         `json:"at"`
}

// Signed is a certificate with its signature.
type Signed struct {
	// Certificate is the Certificate in JSON. What is signed are its bytes without
	// white space between them.
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

// PublicKey is the key by which certificates are checked, in base64.
func PublicKey(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // the type's own
}

// ErrForged means that a certificate was not signed by the key, or changed since.
var ErrForged = errors.New("the signature does not hold: the certificate was changed, or is somebody else's")

// Verify reads a signed certificate and checks it. key is the public key that the
// business has published, in base64; the one in the file proves nothing by itself.
func Verify(data []byte, key string) (*Certificate, error) {
	var s Signed
	if err := json.Unmarshal(data, &s); err != nil || len(s.Certificate) == 0 || s.Algorithm != algorithm {
		return nil, errors.New("verify certificate: this is no certificate of erasure")
	}
	if s.Key != key || repeats(data) {
		return nil, fmt.Errorf("verify certificate: %w", ErrForged)
	}
	public, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("verify certificate: the key is no public key in base64")
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
		return nil, errors.New("verify certificate: this is no certificate of erasure")
	}
	return c, nil
}

// repeats tells whether an object names a field twice, so that a person could read one
// and a program the other.
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

// Names tells whether the certificate is about a name: an e-mail address in lower case,
// or an id as "stripe:cus_123". key is the key of the hashes, which is given out apart
// from the certificate.
func (c *Certificate) Names(name, key string) bool {
	return slices.Contains(c.Person, stream.Hash(key, name))
}
