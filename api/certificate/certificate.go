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

	"github.com/go-jose/go-jose/v4"

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
	// due, and Confirmed the instant of the last confirmation; absent when no recipient was notified.
	Decided   time.Time `json:"decided"`
	Effective time.Time `json:"effective"`
	Confirmed time.Time `json:"confirmed,omitzero"`
	// Policy is the revision of the rules that decided.
	Policy string `json:"policy"`
	// Categories are the deleted categories of data with their numbers of records.
	Categories []Category `json:"categories"`
	// Because are the purposes whose bases had ended, each with its article.
	Because []string `json:"because"`
	// Recipients are the notified recipients with their answers; empty when no recipient for these data was set up. Such a
	// certificate states the erasure of the data that the controller's Rodopath held, and nothing about other systems.
	Recipients []Recipient `json:"recipients"`
	// Person holds hashes of the names of the person: see Names. Without recipients no hash was kept.
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

// Signed is a certificate as a JSON Web Signature (RFC 7515) in the flattened JSON serialization. A
// file of this form is JSON like every other answer of the interface, a program without a JOSE
// library reads the certificate from one field, and a further field such as names_key may stand
// beside the signature; the compact form permits none of the three.
type Signed struct {
	// Payload is the Certificate in JSON, in base64url.
	Payload string `json:"payload"`
	// Protected is the signed header in base64url: alg is "EdDSA", typ is
	// "rodopath-certificate+json", and kid is the public key as returned by PublicKey.
	Protected string `json:"protected"`
	// Signature is the Ed25519 signature of "protected.payload", in base64url.
	Signature string `json:"signature"`
}

// typ is the media type of the signed certificate, without the prefix "application/".
const typ = "rodopath-certificate+json"

// Sign signs a certificate. The same certificate under the same key gives the same bytes.
func Sign(c *Certificate, key ed25519.PrivateKey) (*Signed, error) {
	s, err := sign(c, typ, key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", c.Decision, err)
	}
	return s, nil
}

// reportTyp is the media type of a signed report, without the prefix "application/".
const reportTyp = "rodopath-report+json"

// SignReport signs a report, any value that JSON holds. The header typ of the result is "rodopath-report+json", so that
// no report passes for a certificate.
func SignReport(report any, key ed25519.PrivateKey) (*Signed, error) {
	s, err := sign(report, reportTyp, key)
	if err != nil {
		return nil, fmt.Errorf("sign report: %w", err)
	}
	return s, nil
}

// VerifyReport checks a signed report and returns its JSON. key is as in Verify.
func VerifyReport(data []byte, key string) (json.RawMessage, error) {
	if repeats(data) {
		return nil, fmt.Errorf("verify report: %w", ErrForged)
	}
	payload, err := verifyJWS(data, reportTyp, key)
	if err != nil {
		return nil, fmt.Errorf("verify report: %w", err)
	}
	return payload, nil
}

func sign(v any, typ string, key ed25519.PrivateKey) (*Signed, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", PublicKey(key))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, opts)
	if err != nil {
		return nil, err
	}
	jws, err := signer.Sign(data)
	if err != nil {
		return nil, err
	}
	s := &Signed{}
	return s, json.Unmarshal([]byte(jws.FullSerialize()), s)
}

// PublicKey returns the public key for the verification, in base64.
func PublicKey(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // the type's own
}

// ErrForged means that a certificate was not signed by the key, or changed since.
var ErrForged = errors.New("the signature is invalid: the certificate was changed, or belongs to another business")

// errOther means that a file is not a certificate.
var errOther = errors.New("the file is no certificate of erasure or report of this kind")

// Verify reads and checks a signed certificate. key is the public key as published by the business,
// in base64; the key in the file alone proves nothing. Verify also accepts certificates in the
// envelope of the versions before JSON Web Signatures.
func Verify(data []byte, key string) (*Certificate, error) {
	payload, err := verify(data, key)
	if err != nil {
		return nil, fmt.Errorf("verify certificate: %w", err)
	}
	c := &Certificate{}
	if err := json.Unmarshal(payload, c); err != nil || c.Type != Type {
		return nil, fmt.Errorf("verify certificate: %w", errOther)
	}
	return c, nil
}

// verify returns the signed JSON of a certificate.
func verify(data []byte, key string) ([]byte, error) {
	var file struct {
		Payload     json.RawMessage `json:"payload"`
		Certificate json.RawMessage `json:"certificate"`
	}
	if err := json.Unmarshal(data, &file); err != nil || (len(file.Payload) == 0) == (len(file.Certificate) == 0) {
		return nil, errOther
	}
	if repeats(data) {
		return nil, ErrForged
	}
	if len(file.Certificate) > 0 {
		return verifyFormer(data, key)
	}
	return verifyJWS(data, typ, key)
}

// verifyJWS checks a JSON Web Signature and returns the payload. No header of the file chooses the
// algorithm or the key: only EdDSA is accepted, and only under the given key.
func verifyJWS(data []byte, typ, key string) ([]byte, error) {
	jws, err := jose.ParseSignedJSON(string(data), []jose.SignatureAlgorithm{jose.EdDSA})
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &algorithm):
		return nil, ErrForged
	case err != nil || len(jws.Signatures) != 1:
		return nil, errOther
	}
	header := jws.Signatures[0].Protected
	switch {
	case header.ExtraHeaders[jose.HeaderType] != typ:
		return nil, errOther
	case header.Algorithm != string(jose.EdDSA) || header.KeyID != key:
		return nil, ErrForged
	}
	public, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	payload, err := jws.Verify(public)
	if err != nil || repeats(payload) {
		return nil, ErrForged
	}
	return payload, nil
}

// parseKey reads a public key as returned by PublicKey.
func parseKey(key string) (ed25519.PublicKey, error) {
	public, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("the key is not a public key in base64")
	}
	return public, nil
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
