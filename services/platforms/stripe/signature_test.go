package stripe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/stripe"
)

var (
	now  = time.Unix(1_760_000_000, 0)
	body = []byte(`{"url":"https:\/\/shop.example\/","name":"Zo\u00eb"}`)
)

func TestStripe(t *testing.T) {
	v, err := stripe.NewVerifier([]string{"whsec_old", "whsec_new"})
	if err != nil {
		t.Fatal(err)
	}
	good := stripe.Sign("whsec_new", now, body)
	_, v1, _ := strings.Cut(good, ",")
	other := stripe.Sign("whsec_other", now, body)
	_, otherV1, _ := strings.Cut(other, ",")
	for _, c := range []struct {
		name   string
		header string
		at     time.Time
		want   error
	}{
		{"good", good, now, nil},
		{"signed with the old secret", stripe.Sign("whsec_old", now, body), now, nil},
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

// TestStripe_V0NeverCounts puts the right digest under v0, beside a wrong v1.
func TestStripe_V0NeverCounts(t *testing.T) {
	v, err := stripe.NewVerifier([]string{"whsec_new"})
	if err != nil {
		t.Fatal(err)
	}
	right := stripe.Sign("whsec_new", now, body)
	header := strings.Replace(right, "v1=", "v0=", 1) + ",v1=" + strings.Repeat("0", 64)
	if err := v.Verify(header, body, now); !errors.Is(err, signature.ErrMismatch) {
		t.Errorf("got %v", err)
	}
}

// TestKnownAnswers pins the scheme to a value computed by another implementation, so that the
// signer and the verifier cannot go wrong together.
func TestKnownAnswers(t *testing.T) {
	const want = "t=1760000000,v1=0a4f5f006e989ec38f5bde88785dcdb1c4957c83911fe0febd3e886021e9a58e"
	if got := stripe.Sign("whsec_new", now, body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTamperedBody(t *testing.T) {
	v, _ := stripe.NewVerifier([]string{"s"})
	verify := func(b []byte) error { return v.Verify(stripe.Sign("s", now, body), b, now) }
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
		if _, err := stripe.NewVerifier(secrets); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%d secrets, one blank, are accepted: %v", len(secrets), err)
		}
	}
}

// TestNew_RefusesASecretOfSpaces keeps a blank setting from admitting every sender.
func TestNew_RefusesASecretOfSpaces(t *testing.T) {
	if _, err := stripe.NewVerifier([]string{" "}); !errors.Is(err, signature.ErrSecret) {
		t.Errorf("got %v", err)
	}
}
