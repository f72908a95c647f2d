package signature_test

import (
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

// TestStandard_AcceptsThePublishedVector checks the example that the
// specification of Standard Webhooks publishes.
func TestStandard_AcceptsThePublishedVector(t *testing.T) {
	const (
		secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		id     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
		body   = `{"test": 2432232314}`
	)
	at := time.Unix(1614265330, 0)
	v, err := signature.NewStandard([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(id, "1614265330", signed, []byte(body), at); err != nil {
		t.Error(err)
	}
	if got, err := signature.SignStandard(secret, id, at, []byte(body)); err != nil || got != signed {
		t.Errorf("signed %s, %v", got, err)
	}
	reencoded := []byte(strings.Replace(body, ": ", ":", 1))
	if err := v.Verify(id, "1614265330", signed, reencoded, at); !errors.Is(err, signature.ErrMismatch) {
		t.Errorf("encoded anew: %v", err)
	}
}

// TestKnownAnswers pins the scheme to a value computed by another implementation, so that the
// signer and the verifier cannot go wrong together.
func TestKnownAnswers(t *testing.T) {
	const want = "v1,q7nXAZmtsqd5GLS9vXYHDnjQ0ZZj7QrwKzZF5HbORxU="
	got, err := signature.SignStandard(standardSecret, "msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTamperedBody(t *testing.T) {
	v, _ := signature.NewStandard([]string{standardSecret})
	listed, err := signature.SignStandard(standardSecret, "msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(b []byte) error { return v.Verify("msg_1", "1760000000", listed, b, now) }
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
	for _, secrets := range [][]string{nil, {""}, {standardSecret, ""}} {
		if _, err := signature.NewStandard(secrets); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%d secrets, one blank, are accepted: %v", len(secrets), err)
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

func TestNewKeys_RefusesBlankSecrets(t *testing.T) {
	for _, secrets := range [][]string{nil, {""}, {" "}, {"\t"}, {"good", "\n"}} {
		if _, err := signature.NewKeys(secrets); !errors.Is(err, signature.ErrSecret) {
			t.Errorf("%q: got %v", secrets, err)
		}
	}
}
