package signature_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
)

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

// TestStripe_V0NeverCounts puts the right digest under v0, beside a wrong v1.
func TestStripe_V0NeverCounts(t *testing.T) {
	v, err := signature.NewStripe([]string{"whsec_new"})
	if err != nil {
		t.Fatal(err)
	}
	right := signature.SignStripe("whsec_new", now, body)
	header := strings.Replace(right, "v1=", "v0=", 1) + ",v1=" + strings.Repeat("0", 64)
	if err := v.Verify(header, body, now); !errors.Is(err, signature.ErrMismatch) {
		t.Errorf("got %v", err)
	}
}

// TestWooCommerce_RefusesWhatIsNoSignature tries headers that are missing, badly
// written, or made otherwise.
func TestWooCommerce_RefusesWhatIsNoSignature(t *testing.T) {
	v, err := signature.NewWooCommerce([]string{"old", "new"})
	if err != nil {
		t.Fatal(err)
	}
	good := signature.SignWooCommerce("new", body)
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header string
		want   error
	}{
		"good":                  {good, nil},
		"with the old secret":   {signature.SignWooCommerce("old", body), nil},
		"with another secret":   {signature.SignWooCommerce("other", body), signature.ErrMismatch},
		"missing":               {"", signature.ErrMissing},
		"cut short":             {good[:40], signature.ErrMalformed},
		"not base64":            {strings.Repeat("*", 44), signature.ErrMalformed},
		"without padding":       {base64.RawStdEncoding.EncodeToString(raw), signature.ErrMalformed},
		"too long":              {base64.StdEncoding.EncodeToString(append(raw, 0)), signature.ErrMalformed},
		"in hex":                {signature.SignMailerLite("new", body), signature.ErrMalformed},
		"two in one, as a list": {good + "," + good, signature.ErrMalformed},
	} {
		if err := v.Verify(c.header, body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestNew_RefusesASecretOfSpaces keeps a setting left blank from opening the
// door to everybody.
func TestNew_RefusesASecretOfSpaces(t *testing.T) {
	_, err1 := signature.NewStripe([]string{" "})
	_, err2 := signature.NewWooCommerce([]string{"\t"})
	_, err3 := signature.NewMailerLite([]string{"good", "\n"})
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, signature.ErrSecret) {
			t.Errorf("got %v", err)
		}
	}
}
