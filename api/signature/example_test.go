package signature_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/rodopath/rodopath/api/signature"
)

const (
	exampleSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleBody   = `{"test": 2432232314}`
)

var exampleTime = time.Unix(1614265330, 0)

// A receiver verifies a webhook before the receiver reads the body.
func Example() {
	verifier, err := signature.NewStandard([]string{exampleSecret})
	if err != nil {
		fmt.Println(err)
		return
	}
	receive := func(h http.Header, body []byte) error {
		return verifier.Verify(
			h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, exampleTime,
		)
	}
	signed, err := signature.SignStandard(exampleSecret, exampleID, exampleTime, []byte(exampleBody))
	if err != nil {
		fmt.Println(err)
		return
	}
	req := httptest.NewRequest(http.MethodPost, "/rodopath", nil)
	req.Header.Set("webhook-id", exampleID)
	req.Header.Set("webhook-timestamp", signature.Timestamp(exampleTime))
	req.Header.Set("webhook-signature", signed)
	fmt.Println(receive(req.Header, []byte(exampleBody)))
	fmt.Println(receive(req.Header, []byte(`{"test": 1}`)))
	// Output:
	// <nil>
	// signature does not match
}

func ExampleNewStandard() {
	_, err := signature.NewStandard([]string{"whsec_c2hvcnQ="})
	fmt.Println(err)
	fmt.Println(errors.Is(err, signature.ErrSecret))
	// Output:
	// number 1: unusable secret: shorter than 16 bytes
	// true
}

func ExampleStandard_Verify() {
	verifier, _ := signature.NewStandard([]string{exampleSecret})
	const header = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	now := exampleTime
	fmt.Println(verifier.Verify(exampleID, "1614265330", header, []byte(exampleBody), now))
	fmt.Println(verifier.Verify(exampleID, "1614265330", header, []byte(exampleBody), now.Add(time.Hour)))
	fmt.Println(verifier.Verify(exampleID, "1614265330", "", []byte(exampleBody), now))
	fmt.Println(verifier.Verify(exampleID, "1614265330", "v2,x", []byte(exampleBody), now))
	// Output:
	// <nil>
	// signature outside the time window
	// signature missing
	// signature malformed
}

// During a change of the secret a sender signs with both secrets.
func ExampleStandard_Sign() {
	signer, _ := signature.NewStandard([]string{"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", exampleSecret})
	header := signer.Sign(exampleID, exampleTime, []byte(exampleBody))
	fmt.Println(header)
	verifier, _ := signature.NewStandard([]string{exampleSecret})
	fmt.Println(verifier.Verify(exampleID, "1614265330", header, []byte(exampleBody), exampleTime))
	// Output:
	// v1,r94XOxQw8v+vLaVrXIUkFWnEmqNekP5mdIZf2e/Me5o= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=
	// <nil>
}

func ExampleSignStandard() {
	header, err := signature.SignStandard(exampleSecret, exampleID, exampleTime, []byte(exampleBody))
	fmt.Println(header, err)
	// Output: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= <nil>
}

// A scheme over HMAC-SHA256 is a few lines: here the hexadecimal digest of the body alone.
func ExampleKeys() {
	keys, err := signature.NewKeys([]string{"old secret", "new secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	verify := func(header string, body []byte) error {
		d, ok := signature.ParseHex(header)
		if !ok {
			return signature.ErrMalformed
		}
		return keys.Check([]signature.Digest{d}, body)
	}
	sent := signature.NewKey([]byte("new secret")).Sum([]byte("body")).Hex()
	fmt.Println(verify(sent, []byte("body")))
	fmt.Println(verify(sent, []byte("another body")))
	fmt.Println(verify("no digest", []byte("body")))
	// Output:
	// <nil>
	// signature does not match
	// signature malformed
}

func ExampleNewKeys() {
	_, err := signature.NewKeys([]string{"secret", " "})
	fmt.Println(err)
	// Output: unusable secret: number 2 is blank
}

func ExampleKeys_Check() {
	keys, _ := signature.NewKeys([]string{"secret"})
	digest := signature.NewKey([]byte("secret")).Sum([]byte("a.b"))
	fmt.Println(keys.Check([]signature.Digest{{}, digest}, []byte("a"), []byte("."), []byte("b")))
	fmt.Println(keys.Check(nil, []byte("a.b")))
	// Output:
	// <nil>
	// signature does not match
}

func ExampleKey_Sum() {
	key := signature.NewKey([]byte("key"))
	fmt.Println(key.Sum([]byte("The quick brown fox "), []byte("jumps over the lazy dog")).Hex())
	// Output: f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8
}

// The key keeps a copy of the secret.
func ExampleNewKey() {
	secret := []byte("key")
	key := signature.NewKey(secret)
	before := key.Sum([]byte("body"))
	clear(secret)
	fmt.Println(key.Sum([]byte("body")) == before)
	// Output: true
}

func ExampleDigest_Hex() {
	fmt.Println(signature.Digest{0xca, 0xfe}.Hex())
	// Output: cafe000000000000000000000000000000000000000000000000000000000000
}

func ExampleDigest_Base64() {
	fmt.Println(signature.Digest{0xca, 0xfe}.Base64())
	// Output: yv4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
}

func ExampleParseHex() {
	d, ok := signature.ParseHex("cafe000000000000000000000000000000000000000000000000000000000000")
	fmt.Println(d == signature.Digest{0xca, 0xfe}, ok)
	_, ok = signature.ParseHex("cafe")
	fmt.Println(ok)
	// Output:
	// true true
	// false
}

func ExampleParseBase64() {
	d, ok := signature.ParseBase64("yv4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	fmt.Println(d == signature.Digest{0xca, 0xfe}, ok)
	_, ok = signature.ParseBase64("yv4=")
	fmt.Println(ok)
	// Output:
	// true true
	// false
}

func ExampleTimestamp() {
	fmt.Println(signature.Timestamp(time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC)))
	// Output: 1772445900
}

func ExampleCheckTimestamp() {
	now := exampleTime
	fmt.Println(signature.CheckTimestamp("1614265330", now.Add(signature.Tolerance)))
	fmt.Println(signature.CheckTimestamp("1614265330", now.Add(signature.Tolerance+time.Second)))
	fmt.Println(signature.CheckTimestamp("noon", now))
	// Output:
	// <nil>
	// signature outside the time window
	// signature malformed
}
