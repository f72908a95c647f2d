package cluster

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
)

// A webhook that is refused, or that gets no answer, is sent again under the same id until it is accepted.
func TestLoad_SendsAWebhookUntilItIsAccepted(t *testing.T) {
	secret := newSecret()
	keys, err := signature.NewStandard([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h, now := r.Header, asked.Add(1)
		stamp, signed := h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature")
		if err := keys.Verify("msg_7", stamp, signed, body, time.Now()); err != nil {
			t.Errorf("request %d is not signed: %v", now, err)
		}
		switch now {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler) // the line breaks without an answer
		}
	}))
	defer server.Close()
	l := newLoad(server.URL, secret)
	l.deliver(context.WithoutCancel(t.Context()), 7)
	c := l.counts.Load()
	sent, accepted, refused, unanswered := c.Sent.Load(), c.Accepted.Load(), c.Refused.Load(), c.Unanswered.Load()
	if sent != 3 || accepted != 1 || refused != 1 || unanswered != 1 {
		t.Errorf(
			"got %d sent, %d accepted, %d refused and %d without an answer, want 3, 1, 1, 1",
			sent,
			accepted,
			refused,
			unanswered,
		)
	}
}
