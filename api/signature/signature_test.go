package signature_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
)

var (
	now  = time.Unix(1_760_000_000, 0)
	body = []byte(`{"url":"https:\/\/shop.example\/","name":"Zo\u00eb"}`)
)

const standardSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="

func TestStripe(t *testing.T) {
	v, err := signature.NewStripe([]string{"whsec_old", "whsec_new"})
	if err != nil {
		t.Fatal(err)
	}
	good := signature.SignStripe("whsec_new", now, body)
	_, v1, _ := strings.Cut(good, ",")
	other := signature.SignStripe("whsec_other", now, body)
	_, otherV1, _ := strings.Cut(other, ",")
	for _, c := range []struct {
		name   string
		header string
		at     time.Time
		want   error
	}{
		{"good", good, now, nil},
		{"signed with the old secret", signature.SignStripe("whsec_old", now, body), now, nil},
		{"two v1, the second matches", "t=1760000000," + otherV1 + "," + v1, now, nil},
		{"spaces after commas", "t=1760000000, " + v1, now, nil},
		{"a scheme of the future beside v1", good + ",v2=abc", now, nil},
		{"v0 beside v1", good + ",v0=" + strings.Repeat("0", 64), now, nil},
		{"v0 alone", strings.Replace(good, "v1=", "v0=", 1), now, signature.ErrMalformed},
		{"another secret", other, now, signature.ErrMismatch},
		{"300 s old", good, now.Add(300 * time.Second), nil},
		{"301 s old", good, now.Add(301 * time.Second), signature.ErrExpired},
		{"300 s ahead", good, now.Add(-300 * time.Second), nil},
		{"301 s ahead", good, now.Add(-301 * time.Second), signature.ErrExpired},
		{"a day ahead", good, now.Add(-24 * time.Hour), signature.ErrExpired},
		{"another time than signed", "t=1760000001," + v1, now, signature.ErrMismatch},
		{"no header", "", now, signature.ErrMissing},
		{"no time", v1, now, signature.ErrMalformed},
		{"two times", "t=1760000000," + good, now, signature.ErrMalformed},
		{"a time that is no number", "t=soon," + v1, now, signature.ErrMalformed},
		{"a time before time", "t=-5," + v1, now, signature.ErrMalformed},
		{"a time after time", "t=9223372036854775807," + v1, now, signature.ErrMalformed},
		{"a signature cut short", good[:len(good)-2], now, signature.ErrMalformed},
		{"nonsense", "nonsense", now, signature.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := v.Verify(c.header, body, c.at); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestKnownAnswers pins the schemes to values computed by another implementation, so that a
// signer and a verifier cannot go wrong together.
func TestKnownAnswers(t *testing.T) {
	standard, err := signature.SignStandard(standardSecret, "msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want string }{
		"stripe":      {signature.SignStripe("whsec_new", now, body), "t=1760000000,v1=0a4f5f006e989ec38f5bde88785dcdb1c4957c83911fe0febd3e886021e9a58e"},
		"woocommerce": {signature.SignWooCommerce("s3cret", body), "Q8MZQEj9oODpeNG3hv9oQmxvndry3rCoVbzyxdVl1eY="},
		"mailerlite":  {signature.SignMailerLite("s3cret", body), "43c3194048fda0e0e978d1b786ff68426c6f9ddaf2deb0a855bcf2c5d565d5e6"},
		"standard":    {standard, "v1,q7nXAZmtsqd5GLS9vXYHDnjQ0ZZj7QrwKzZF5HbORxU="},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", name, c.got, c.want)
		}
	}
}

func TestTamperedBody(t *testing.T) {
	stripe, _ := signature.NewStripe([]string{"s"})
	woo, _ := signature.NewWooCommerce([]string{"s"})
	lite, _ := signature.NewMailerLite([]string{"s"})
	standard, _ := signature.NewStandard([]string{standardSecret})
	listed, err := signature.SignStandard(standardSecret, "msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	verify := map[string]func(b []byte) error{
		"stripe":      func(b []byte) error { return stripe.Verify(signature.SignStripe("s", now, body), b, now) },
		"woocommerce": func(b []byte) error { return woo.Verify(signature.SignWooCommerce("s", body), b) },
		"mailerlite":  func(b []byte) error { return lite.Verify(signature.SignMailerLite("s", body), b) },
		"standard":    func(b []byte) error { return standard.Verify("msg_1", "1760000000", listed, b, now) },
	}
	for name, f := range verify {
		for change, b := range map[string]string{
			"one byte":         strings.Replace(string(body), "shop", "shap", 1),
			"decoded slashes":  strings.ReplaceAll(string(body), `\/`, `/`),
			"decoded letters":  strings.ReplaceAll(string(body), `\u00eb`, `ë`),
			"a trailing space": string(body) + " ",
			"empty":            "",
		} {
			if err := f([]byte(b)); !errors.Is(err, signature.ErrMismatch) {
				t.Errorf("%s, %s: got %v", name, change, err)
			}
		}
		if err := f(body); err != nil {
			t.Errorf("%s, untouched: %v", name, err)
		}
	}
}

func TestWooCommerceEscapedSecret(t *testing.T) {
	const plain = `a<b>c&d'e"f`
	sent := signature.SignWooCommerce(plain, body)
	for _, configured := range []string{
		plain,
		`a&lt;b&gt;c&amp;d&#039;e&quot;f`,
		`a&#60;b&#x3E;c&#038;d&#39;e&#x22;f`,
		`a&#060;b&#062;c&#x26;d&#x27;e&#034;f`,
	} {
		v, err := signature.NewWooCommerce([]string{configured})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(sent, body); err != nil {
			t.Errorf("%s: %v", configured, err)
		}
		if got := signature.SignWooCommerce(configured, body); got != sent {
			t.Errorf("%s signs otherwise", configured)
		}
	}
	v, _ := signature.NewWooCommerce([]string{"&amp;lt;"})
	if err := v.Verify(signature.SignWooCommerce("&lt;", body), body); err == nil {
		t.Error("a secret was unescaped twice")
	}
}

func TestMailerLiteEncodings(t *testing.T) {
	v, err := signature.NewMailerLite([]string{"old", "new"})
	if err != nil {
		t.Fatal(err)
	}
	sent := signature.SignMailerLite("new", body)
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
		"old secret":       {signature.SignMailerLite("old", body), nil},
		"other secret":     {signature.SignMailerLite("other", body), signature.ErrMismatch},
		"missing":          {"", signature.ErrMissing},
		"nonsense":         {"zz", signature.ErrMalformed},
	} {
		if err := v.Verify(c.header, body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestStandard(t *testing.T) {
	const oldSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMA=="
	v, err := signature.NewStandard([]string{oldSecret, standardSecret})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := signature.SignStandard(standardSecret, "msg_1", now, body)
	old, _ := signature.SignStandard(oldSecret, "msg_1", now, body)
	other, _ := signature.SignStandard("whsec_AAAAAAAAAAAAAAAAAAAAAA==", "msg_1", now, body)
	for _, c := range []struct {
		name, id, stamp, header string
		at                      time.Time
		want                    error
	}{
		{"good", "msg_1", "1760000000", good, now, nil},
		{"old secret", "msg_1", "1760000000", old, now, nil},
		{"a list, the last matches", "msg_1", "1760000000", other + " v1a,abc " + good, now, nil},
		{"another id", "msg_2", "1760000000", good, now, signature.ErrMismatch},
		{"another time", "msg_1", "1760000001", good, now, signature.ErrMismatch},
		{"another secret", "msg_1", "1760000000", other, now, signature.ErrMismatch},
		{"another version", "msg_1", "1760000000", strings.Replace(good, "v1", "v1a", 1), now, signature.ErrMalformed},
		{"300 s old", "msg_1", "1760000000", good, now.Add(300 * time.Second), nil},
		{"301 s old", "msg_1", "1760000000", good, now.Add(301 * time.Second), signature.ErrExpired},
		{"301 s ahead", "msg_1", "1760000000", good, now.Add(-301 * time.Second), signature.ErrExpired},
		{"no id", "", "1760000000", good, now, signature.ErrMissing},
		{"no time", "msg_1", "", good, now, signature.ErrMissing},
		{"no signature", "msg_1", "1760000000", "", now, signature.ErrMissing},
		{"a time that is none", "msg_1", "noon", good, now, signature.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := v.Verify(c.id, c.stamp, c.header, body, c.at); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestUnusableSecrets(t *testing.T) {
	for name, build := range map[string]func([]string) error{
		"stripe":      func(s []string) error { _, err := signature.NewStripe(s); return err },
		"woocommerce": func(s []string) error { _, err := signature.NewWooCommerce(s); return err },
		"mailerlite":  func(s []string) error { _, err := signature.NewMailerLite(s); return err },
		"standard":    func(s []string) error { _, err := signature.NewStandard(s); return err },
	} {
		for _, secrets := range [][]string{nil, {""}, {standardSecret, ""}} {
			if err := build(secrets); !errors.Is(err, signature.ErrSecret) {
				t.Errorf("%s takes %d secrets, one blank: %v", name, len(secrets), err)
			}
		}
	}
	for _, secret := range []string{"MDEyMzQ1Njc4OWFiY2RlZg==", "whsec_", "whsec_***", "whsec_c2hvcnQ="} {
		_, err := signature.NewStandard([]string{secret})
		if !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%s: got %v", secret, err)
		}
		if rest := strings.TrimPrefix(secret, "whsec_"); err != nil && rest != "" && strings.Contains(err.Error(), rest) {
			t.Errorf("the error shows the secret: %v", err)
		}
		if _, err := signature.SignStandard(secret, "msg_1", now, body); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("signed with %s", secret)
		}
	}
}
