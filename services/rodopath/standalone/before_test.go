package standalone_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// An ingest that is started again while the broker is away must take webhooks: some
// senders never send again.
func TestIngest_WithALogTakesWebhooksBeforeTheBrokerIsThere(t *testing.T) {
	port := freePort(t)
	t.Setenv("RODOPATH_TEST_CARD", "whsec_test")
	c, err := config.Load("", []string{
		"RODOPATH_NATS_URL=nats://127.0.0.1:" + strconv.Itoa(
			port,
		),
		"RODOPATH_INTAKE_PATH=" + filepath.Join(t.TempDir(), "intake"),
		`RODOPATH_SOURCES=[{id: card, platform: stripe, secrets: ["env:RODOPATH_TEST_CARD"]}]`,
	})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := ingestapp.Connect(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	a, err := ingestapp.New(t.Context(), ingestapp.Options{Config: c, NATS: nc})
	if err != nil {
		t.Fatal(err)
	}
	a.Start(t.Context())
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	hooks := httptest.NewServer(a.Handler())
	defer hooks.Close()
	if res := card(
		t,
		hooks,
		checkout("1", "ala@example.com", time.Now().Add(-time.Hour)),
	); res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}

	ns := natsOn(t, t.TempDir(), port)
	own, err := nats.Connect(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	js, err := jetstream.New(own)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if s, err := js.Stream(t.Context(), stream.Facts); err == nil && s.CachedInfo().State.Msgs == 1 && a.Settled() {
			msg, err := s.GetMsg(t.Context(), s.CachedInfo().State.FirstSeq)
			if err != nil || len(msg.Header.Get(trace.Header)) != 55 {
				t.Errorf("the trace of a webhook is lost in the intake log: %v, %v", msg, err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the broker is there and the webhook is not with it")
		}
		time.Sleep(20 * time.Millisecond) // a connection in another goroutine; there is nothing to wait on
	}
}
