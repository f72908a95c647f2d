package certificate_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/api/stream"
)

// exampleKey is the private key of the business in the examples.
func exampleKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func exampleCertificate() *certificate.Certificate {
	confirmed := time.Date(2026, 6, 3, 10, 30, 0, 0, time.UTC)
	return &certificate.Certificate{
		Type:       certificate.Type,
		Decision:   "dec_aaycdaoyjcrjzxmb3wfrssdy",
		Controller: "Moja Firma",
		Confirmed:  confirmed,
		Categories: []certificate.Category{{Category: "order", Records: 2}},
		Recipients: []certificate.Recipient{{ID: "crm", Outcome: stream.OutcomeDone, At: confirmed}},
		Person:     []string{stream.Hash("names key", "ala@example.com")},
	}
}

func ExampleSign() {
	signed, err := certificate.Sign(exampleCertificate(), exampleKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	header, _ := base64.RawURLEncoding.DecodeString(signed.Protected)
	fmt.Println(string(header))
	payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
	fmt.Println(string(payload[:77]))
	// Output:
	// {"alg":"EdDSA","kid":"6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=","typ":"rodopath-certificate+json"}
	// {"type":"dev.rodopath.certificate.v1","decision":"dec_aaycdaoyjcrjzxmb3wfrssd
}

// The key comes from the business, and never from the file.
func ExampleVerify() {
	signed, _ := certificate.Sign(exampleCertificate(), exampleKey())
	file, _ := json.Marshal(signed)
	c, err := certificate.Verify(file, "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range c.Recipients {
		fmt.Println(c.Controller, r.ID, r.Outcome, r.At.Format(time.DateOnly))
	}
	another := certificate.PublicKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	_, err = certificate.Verify(file, another)
	fmt.Println(errors.Is(err, certificate.ErrForged))
	// Output:
	// Moja Firma crm done 2026-06-03
	// true
}

// Certificates in the envelope of earlier versions stay valid.
func ExampleVerify_former() {
	file, err := os.ReadFile("testdata/former.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := certificate.Verify(file, certificate.PublicKey(exampleKey()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Decision, c.Confirmed.Format(time.DateOnly))
	// Output: dec_aaycdaoyjcrjzxmb3wfrssdy 2026-06-03
}

func ExamplePublicKey() {
	fmt.Println(certificate.PublicKey(exampleKey()))
	// Output: 6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=
}

func ExampleCertificate_Names() {
	c := exampleCertificate()
	fmt.Println(c.Names("ala@example.com", "names key"))
	fmt.Println(c.Names("ola@example.com", "names key"))
	fmt.Println(c.Names("ala@example.com", "another key"))
	// Output:
	// true
	// false
	// false
}
