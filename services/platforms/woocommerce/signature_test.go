package woocommerce_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

var body = []byte(`{"url":"https:\/\/shop.example\/","name":"Zo\u00eb"}`)

func TestWooCommerceEscapedSecret(t *testing.T) {
	const plain = `a<b>c&d'e"f`
	sent := woocommerce.Sign(plain, body)
	for _, configured := range []string{
		plain,
		`a&lt;b&gt;c&amp;d&#039;e&quot;f`,
		`a&#60;b&#x3E;c&#038;d&#39;e&#x22;f`,
		`a&#060;b&#062;c&#x26;d&#x27;e&#034;f`,
	} {
		v, err := woocommerce.NewVerifier([]string{configured})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(sent, body); err != nil {
			t.Errorf("%s: %v", configured, err)
		}
		if got := woocommerce.Sign(configured, body); got != sent {
			t.Errorf("%s signs otherwise", configured)
		}
	}
	v, _ := woocommerce.NewVerifier([]string{"&amp;lt;"})
	if err := v.Verify(woocommerce.Sign("&lt;", body), body); err == nil {
		t.Error("a secret was unescaped twice")
	}
}

// TestWooCommerce_RefusesWhatIsNoSignature tries headers that are missing, badly
// written, or made otherwise.
func TestWooCommerce_RefusesWhatIsNoSignature(t *testing.T) {
	v, err := woocommerce.NewVerifier([]string{"old", "new"})
	if err != nil {
		t.Fatal(err)
	}
	good := woocommerce.Sign("new", body)
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header string
		want   error
	}{
		"good":                  {good, nil},
		"with the old secret":   {woocommerce.Sign("old", body), nil},
		"with another secret":   {woocommerce.Sign("other", body), signature.ErrMismatch},
		"missing":               {"", signature.ErrMissing},
		"cut short":             {good[:40], signature.ErrMalformed},
		"not base64":            {strings.Repeat("*", 44), signature.ErrMalformed},
		"without padding":       {base64.RawStdEncoding.EncodeToString(raw), signature.ErrMalformed},
		"too long":              {base64.StdEncoding.EncodeToString(append(raw, 0)), signature.ErrMalformed},
		"in hex":                {hex.EncodeToString(raw), signature.ErrMalformed},
		"two in one, as a list": {good + "," + good, signature.ErrMalformed},
	} {
		if err := v.Verify(c.header, body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestKnownAnswers pins the scheme to a value computed by another implementation, so that the
// signer and the verifier cannot go wrong together.
func TestKnownAnswers(t *testing.T) {
	const want = "Q8MZQEj9oODpeNG3hv9oQmxvndry3rCoVbzyxdVl1eY="
	if got := woocommerce.Sign("s3cret", body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTamperedBody(t *testing.T) {
	v, _ := woocommerce.NewVerifier([]string{"s"})
	verify := func(b []byte) error { return v.Verify(woocommerce.Sign("s", body), b) }
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
		if _, err := woocommerce.NewVerifier(secrets); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%d secrets, one blank, are accepted: %v", len(secrets), err)
		}
	}
}

// TestNew_RefusesASecretOfSpaces keeps a blank setting from admitting every sender.
func TestNew_RefusesASecretOfSpaces(t *testing.T) {
	if _, err := woocommerce.NewVerifier([]string{"\t"}); !errors.Is(err, signature.ErrSecret) {
		t.Errorf("got %v", err)
	}
}
