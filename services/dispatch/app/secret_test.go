package app_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
)

// signer is the secret among some that signs a request.
func signer(t *testing.T, r *http.Request, secrets ...string) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	h := r.Header
	for _, secret := range secrets {
		keys, err := signature.NewStandard([]string{secret})
		if err != nil {
			t.Error(err)
			continue
		}
		id, at, signed := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature")
		if keys.Verify(id, at, signed, body, time.Now()) == nil {
			return secret
		}
	}
	return ""
}

func TestApp_SignsWithAChangedSecretWithoutARestart(t *testing.T) {
	w := newWorld(t)
	secret := func(letter string) string {
		return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(letter), 24))
	}
	before, after := secret("s"), secret("t")
	signed := make(chan string, 2)
	crmAnswers := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { signed <- signer(t, r, before, after) })
	w.crm.Config.Handler = crmAnswers
	w.start(crm, func(o *app.Options) { o.SecretTick = time.Millisecond })
	w.nats.Publish(w.js, natstest.Event("d1", "ala", "crm"))
	if got := <-signed; got != before {
		t.Errorf("the first decision is signed with %q, want the first secret", got)
	}
	w.file("secret", after)
	until(t, "the secret in force", func() bool {
		return strings.Contains(w.log.String(), `"a changed secret is in force" of="recipient crm"`)
	})
	w.nats.Publish(w.js, natstest.Event("d2", "ewa", "crm"))
	if got := <-signed; got != after {
		t.Errorf("the second decision is signed with %q, want the second secret", got)
	}
}
