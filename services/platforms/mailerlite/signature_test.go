package mailerlite_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
)

var body = []byte(`{"url":"https:\/\/shop.example\/","name":"Zo\u00eb"}`)

func TestMailerLiteEncodings(t *testing.T) {
	v, err := mailerlite.NewVerifier([]string{"old", "new"})
	if err != nil {
		t.Fatal(err)
	}
	sent := mailerlite.Sign("new", body)
	raw, err := hex.DecodeString(sent)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header string
		want   error
	}{
		"hex":              {sent, nil},
		"base64 (Classic)": {base64.StdEncoding.EncodeToString(raw), nil},
		"old secret":       {mailerlite.Sign("old", body), nil},
		"other secret":     {mailerlite.Sign("other", body), signature.ErrMismatch},
		"missing":          {"", signature.ErrMissing},
		"nonsense":         {"zz", signature.ErrMalformed},
	} {
		if err := v.Verify(c.header, body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestKnownAnswers pins the scheme to a value computed by another implementation, so that the
// signer and the verifier cannot go wrong together.
func TestKnownAnswers(t *testing.T) {
	const want = "43c3194048fda0e0e978d1b786ff68426c6f9ddaf2deb0a855bcf2c5d565d5e6"
	if got := mailerlite.Sign("s3cret", body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTamperedBody(t *testing.T) {
	v, _ := mailerlite.NewVerifier([]string{"s"})
	verify := func(b []byte) error { return v.Verify(mailerlite.Sign("s", body), b) }
	for change, b := range map[string]string{
		"one byte":         strings.Replace(string(body), "shop", "shap", 1),
		"decoded slashes":  strings.ReplaceAll(string(body), `\/`, `/`),
		"decoded letters":  strings.ReplaceAll(string(body), `\u00eb`, `ë`),
		"a trailing space": string(body) + " ",
		"empty":            "",
	} {
		if err := verify([]byte(b)); !errors.Is(err, signature.ErrMismatch) {
			t.Errorf("%s: got %v", change, err)
		}
	}
	if err := verify(body); err != nil {
		t.Errorf("untouched: %v", err)
	}
}

func TestUnusableSecrets(t *testing.T) {
	for _, secrets := range [][]string{nil, {""}, {"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", ""}} {
		if _, err := mailerlite.NewVerifier(secrets); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%d secrets, one blank, are accepted: %v", len(secrets), err)
		}
	}
}

// TestNew_RefusesASecretOfSpaces keeps a blank setting from admitting every sender.
func TestNew_RefusesASecretOfSpaces(t *testing.T) {
	if _, err := mailerlite.NewVerifier([]string{"good", "\n"}); !errors.Is(err, signature.ErrSecret) {
		t.Errorf("got %v", err)
	}
}
