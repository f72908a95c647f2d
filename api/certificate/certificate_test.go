package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/rodopath/rodopath/api/stream"
)

func seeded(b byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, 32)) }

func signed(t *testing.T, key ed25519.PrivateKey) []byte {
	t.Helper()
	s, err := Sign(
		&Certificate{
			Type:       Type,
			Decision:   "dec_1",
			Controller: "Sklep <Ani> & Co",
			Person:     []string{stream.Hash("k", "ala@example.com")},
		},
		key,
	)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(s, "", "   ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changed returns a signed certificate with another text in its payload or protected header.
func changed(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	var s Signed
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	before := s
	for _, part := range []*string{&s.Payload, &s.Protected} {
		text, err := base64.RawURLEncoding.DecodeString(*part)
		if err != nil {
			t.Fatal(err)
		}
		*part = base64.RawURLEncoding.EncodeToString(bytes.Replace(text, []byte(from), []byte(to), 1))
	}
	if s == before {
		t.Fatalf("%s is nowhere in the certificate", from)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVerify_HoldsWhateverTheWhiteSpaceAndFailsAtAnyOtherChange(t *testing.T) {
	key := seeded(7)
	data := signed(t, key)
	c, err := Verify(data, PublicKey(key))
	if err != nil || c.Controller != "Sklep <Ani> & Co" {
		t.Fatalf("got %+v, %v", c, err)
	}
	other := seeded(8)
	for name, forged := range map[string][]byte{
		"a changed certificate": changed(t, data, "dec_1", "dec_2"),
		"a second payload before the signed one": bytes.Replace(
			data, []byte("{"), []byte(`{"payload": "eyJjb250cm9sbGVyIjoiRXZpbCJ9",`), 1,
		),
		"a second payload after the signed one": bytes.Replace(
			data, []byte("\n}"), []byte(`, "payload": "eyJjb250cm9sbGVyIjoiRXZpbCJ9"}`), 1,
		),
		"another key in the file":       changed(t, data, PublicKey(key), PublicKey(seeded(9))),
		"somebody else's certificate":   signed(t, other),
		"somebody else's under our key": changed(t, signed(t, other), PublicKey(other), PublicKey(key)),
		"another header":                changed(t, data, `{"alg"`, `{"x":1,"alg"`),
		"no algorithm":                  changed(t, data, `"EdDSA"`, `"none"`),
		"a shared secret":               changed(t, data, `"EdDSA"`, `"HS256"`),
	} {
		if c, err := Verify(forged, PublicKey(key)); !errors.Is(err, ErrForged) || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{
		"", "{}", `{"certificate": 1}`, `{"certificate": {}, "algorithm": "none"}`,
		`{"payload": 1}`, `{"payload": ""}`, `{"payload": "e30", "signature": "AAAA"}`,
		`{"payload": "e30", "certificate": {}, "algorithm": "Ed25519"}`,
	} {
		if _, err := Verify([]byte(text), PublicKey(key)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := Verify(data, "no key"); err == nil {
		t.Error("a key that is none was taken")
	}
}

// TestVerify_TakesNoOtherAlgorithm signs the payload under every algorithm that the public key, or
// the key of the file, could be mistaken for.
func TestVerify_TakesNoOtherAlgorithm(t *testing.T) {
	key := seeded(7)
	public := PublicKey(key)
	raw, _ := key.Public().(ed25519.PublicKey)
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte(`{"type":"` + Type + `","decision":"dec_evil"}`)
	for name, with := range map[string]jose.SigningKey{
		"HMAC under the public key":            {Algorithm: jose.HS256, Key: []byte(raw)},
		"HMAC under the text of the key":       {Algorithm: jose.HS256, Key: []byte(public)},
		"HMAC of 512 bits":                     {Algorithm: jose.HS512, Key: bytes.Repeat([]byte(raw), 2)},
		"a key of another kind":                {Algorithm: jose.ES256, Key: ecdsaKey},
		"a foreign key that claims to be ours": {Algorithm: jose.EdDSA, Key: seeded(8)},
	} {
		for _, embed := range []bool{false, true} {
			opts := (&jose.SignerOptions{EmbedJWK: embed}).WithType(typ).WithHeader("kid", public)
			signer, err := jose.NewSigner(with, opts)
			if err != nil {
				t.Fatal(err)
			}
			jws, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := Verify([]byte(jws.FullSerialize()), public); !errors.Is(err, ErrForged) || c != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// signedAs returns a payload signed by the key under a type.
func signedAs(t *testing.T, key ed25519.PrivateKey, typ jose.ContentType, payload string) []byte {
	t.Helper()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: key},
		(&jose.SignerOptions{}).WithType(typ).WithHeader("kid", PublicKey(key)),
	)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(jws.FullSerialize())
}

func TestVerify_TakesNoOtherStatementOfTheSameKey(t *testing.T) {
	key := seeded(7)
	good := `{"type":"` + Type + `","decision":"dec_1"}`
	if _, err := Verify(signedAs(t, key, typ, good), PublicKey(key)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"another type of the signature": signedAs(t, key, "JWT", good),
		"another type of the statement": signedAs(t, key, typ, `{"type":"dev.rodopath.certificate.v2"}`),
		"no JSON":                       signedAs(t, key, typ, "certificate"),
		"a field that is repeated":      signedAs(t, key, typ, good[:len(good)-1]+`,"decision":"dec_2"}`),
	} {
		if c, err := Verify(data, PublicKey(key)); err == nil || c != nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestSign_GivesWhatTheContractSays reads a certificate without a JOSE library.
func TestSign_GivesWhatTheContractSays(t *testing.T) {
	key := seeded(7)
	data := signed(t, key)
	var s map[string]string
	if err := json.Unmarshal(data, &s); err != nil || len(s) != 3 {
		t.Fatal(err, s)
	}
	header, err1 := base64.RawURLEncoding.DecodeString(s["protected"])
	sum, err2 := base64.RawURLEncoding.DecodeString(s["signature"])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	want := `{"alg":"EdDSA","kid":"` + PublicKey(key) + `","typ":"rodopath-certificate+json"}`
	if string(header) != want {
		t.Errorf("the header is %s, want %s", header, want)
	}
	public, _ := key.Public().(ed25519.PublicKey)
	if !ed25519.Verify(public, []byte(s["protected"]+"."+s["payload"]), sum) {
		t.Error("the signature does not cover the header and the payload")
	}
	if !bytes.Equal(data, signed(t, key)) {
		t.Error("the same certificate has other bytes")
	}
}

// TestVerify_TakesAFormerCertificate reads a certificate of a version before JSON Web Signatures, as
// the interface gave it out.
func TestVerify_TakesAFormerCertificate(t *testing.T) {
	data, err := os.ReadFile("testdata/former.json")
	if err != nil {
		t.Fatal(err)
	}
	key := PublicKey(seeded(7))
	c, err := Verify(data, key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Decision != "dec_aaycdaoyjcrjzxmb3wfrssdy" || c.Controller != "Sklep <Ani> & Co" || len(c.Recipients) != 1 ||
		!c.Names("ala@example.com", "k") || c.Confirmed.Format("2006-01-02 15:04") != "2026-06-03 10:30" {
		t.Errorf("got %+v", c)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(compact.Bytes(), key); err != nil {
		t.Errorf("without white space: %v", err)
	}
	second := `{"certificate": {"controller": "Evil"},`
	for name, forged := range map[string][]byte{
		"a changed certificate":                      bytes.Replace(data, []byte("dec_a"), []byte("dec_b"), 1),
		"a second certificate before the signed one": bytes.Replace(data, []byte("{"), []byte(second), 1),
		"another key in the file":                    bytes.Replace(data, []byte(key), []byte(PublicKey(seeded(9))), 1),
	} {
		if c, err := Verify(forged, key); !errors.Is(err, ErrForged) || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify(data, PublicKey(seeded(8))); !errors.Is(err, ErrForged) {
		t.Errorf("under somebody else's key: %v", err)
	}
	if _, err := Verify(bytes.Replace(data, []byte(`"Ed25519"`), []byte(`"none"`), 1), key); err == nil {
		t.Error("an unsigned certificate was taken")
	}
}

func TestNames_NeedsTheNameAndTheKey(t *testing.T) {
	key := seeded(7)
	c, err := Verify(signed(t, key), PublicKey(key))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Names("ala@example.com", "k") || c.Names("ala@example.com", "other") || c.Names("ola@example.com", "k") {
		t.Error("the hashes do not tell who it is about")
	}
}

func FuzzVerify(f *testing.F) {
	key := seeded(7)
	f.Add([]byte(`{"certificate": {"type": "dev.rodopath.certificate.v1"}, "algorithm": "Ed25519", "signature": "AAAA"}`))
	f.Add([]byte(`{"payload": "e30", "protected": "eyJhbGciOiJFZERTQSJ9", "signature": "AAAA"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := Verify(data, PublicKey(key)); err == nil && c == nil {
			t.Error("neither a certificate nor an error")
		}
	})
}
