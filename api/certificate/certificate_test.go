package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
)

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

func TestVerify_HoldsWhateverTheWhiteSpaceAndFailsAtAnyOtherChange(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	data := signed(t, key)
	c, err := Verify(data, PublicKey(key))
	if err != nil || c.Controller != "Sklep <Ani> & Co" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if _, err := Verify(
		bytes.Replace(data, []byte("dec_1"), []byte("dec_2"), 1),
		PublicKey(key),
	); !errors.Is(
		err,
		ErrForged,
	) {
		t.Errorf("a changed certificate: %v", err)
	}
	if _, err := Verify(
		bytes.Replace(data, []byte("{"), []byte(`{"certificate": {"controller": "Evil"},`), 1),
		PublicKey(key),
	); !errors.Is(
		err,
		ErrForged,
	) {
		t.Errorf("a second certificate before the signed one: %v", err)
	}
	if _, err := Verify(
		bytes.Replace(
			data,
			[]byte(PublicKey(key)),
			[]byte(PublicKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)))),
			1,
		),
		PublicKey(key),
	); !errors.Is(
		err,
		ErrForged,
	) {
		t.Errorf("another key in the file: %v", err)
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	if _, err := Verify(signed(t, other), PublicKey(key)); !errors.Is(err, ErrForged) {
		t.Errorf("somebody else's certificate: %v", err)
	}
	for _, text := range []string{"", "{}", `{"certificate": 1}`, `{"certificate": {}, "algorithm": "none"}`} {
		if _, err := Verify([]byte(text), PublicKey(key)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := Verify(data, "no key"); err == nil {
		t.Error("a key that is none was taken")
	}
}

func TestNames_NeedsTheNameAndTheKey(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	c, err := Verify(signed(t, key), PublicKey(key))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Names("ala@example.com", "k") || c.Names("ala@example.com", "other") || c.Names("ola@example.com", "k") {
		t.Error("the hashes do not tell who it is about")
	}
}

func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	f.Add([]byte(`{"certificate": {"type": "dev.rodopath.certificate.v1"}, "algorithm": "Ed25519", "signature": "AAAA"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := Verify(data, PublicKey(key)); err == nil && c == nil {
			t.Error("neither a certificate nor an error")
		}
	})
}
