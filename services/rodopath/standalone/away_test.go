package standalone_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/freeport"
	"github.com/rodopath/rodopath/services/internal/service"
	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/platforms/stripe"
)

// freePort returns a port that stays free while no server uses it.
func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Port(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// natsOn runs a plain NATS server, as a cluster would have one.
func natsOn(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	ns, err := server.NewServer(
		&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	if !ns.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS did not start")
	}
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	return ns
}

// services runs ingest and lifecycle apart, on a NATS by URL. Without an intake log a webhook
// that the broker does not take is refused.
func services(
	t *testing.T,
	natsURL, intake string,
) (hooks *httptest.Server, l *lifecycleapp.App, js jetstream.JetStream) {
	t.Helper()
	t.Setenv("RODOPATH_TEST_CARD", "whsec_test")
	c, err := config.Load("", []string{
		"RODOPATH_NATS_URL=" + natsURL,
		`RODOPATH_SOURCES=[{id: card, platform: stripe, secrets: ["env:RODOPATH_TEST_CARD"]}]`,
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	nc, err := service.Connect(t.Context(), c, "test", log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if l, err = lifecycleapp.New(
		t.Context(),
		lifecycleapp.Options{Config: c, NATS: nc, Data: t.TempDir(), Tokens: []string{"token"}, Log: log},
	); err != nil {
		t.Fatal(err)
	}
	l.Start(t.Context())
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	i, err := ingestapp.New(t.Context(), ingestapp.Options{Config: c, NATS: nc, Intake: intake, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	i.Start(t.Context())
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	hooks = httptest.NewServer(i.Handler())
	t.Cleanup(hooks.Close)
	if js, err = service.JetStream(t.Context(), nc, c, log); err != nil {
		t.Fatal(err)
	}
	return hooks, l, js
}

// card posts a signed checkout.
func card(t *testing.T, hooks *httptest.Server, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(
		t.Context(),
		http.MethodPost,
		hooks.URL+"/webhooks/card",
		strings.NewReader(body),
	)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", stripe.Sign("whsec_test", time.Now(), []byte(body)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(answer))
	return res
}

func decisions(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	s, err := js.Stream(t.Context(), stream.Decisions)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

func TestServices_ABrokerThatIsAwayIsSaidAndComesBack(t *testing.T) {
	dir := t.TempDir()
	ns := natsOn(t, dir, freePort(t))
	u, err := url.Parse(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	hooks, l, js := services(t, ns.ClientURL(), "")
	if res := card(
		t,
		hooks,
		checkout("1", "ala@example.com", time.Now().Add(-time.Hour)),
	); res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	if err := l.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	ns.Shutdown()
	ns.WaitForShutdown()
	second := checkout("2", "ola@example.com", time.Now().Add(-time.Hour))
	began := time.Now()
	res := card(t, hooks, second)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("without a broker: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the answer took %s; MailerLite waits 3 seconds", took)
	}
	if ready, err := http.Get(hooks.URL + "/readyz"); err != nil || ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("ready without a broker: %v, %v", ready.StatusCode, err)
	}

	natsOn(t, dir, port)
	deadline := time.Now().Add(20 * time.Second)
	for card(t, hooks, second).StatusCode != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("the broker is back and webhooks are still refused")
		}
		time.Sleep(50 * time.Millisecond) // a reconnection in another goroutine; there is nothing to wait on
	}
	if err := l.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := decisions(t, js); n != 2 {
		t.Errorf("%d decisions, want 2", n)
	}
}

func TestServices_WithALogWebhooksAreTakenWhileTheBrokerIsAway(t *testing.T) {
	dir := t.TempDir()
	ns := natsOn(t, dir, freePort(t))
	u, err := url.Parse(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	hooks, l, js := services(t, ns.ClientURL(), filepath.Join(t.TempDir(), "intake"))
	ns.Shutdown()
	ns.WaitForShutdown()
	const people = 20
	for i := range people {
		n := strconv.Itoa(i)
		if res := card(
			t,
			hooks,
			checkout(n, "p"+n+"@example.com", time.Now().Add(-time.Hour)),
		); res.StatusCode != http.StatusOK {
			t.Fatalf("webhook %d: %d", i, res.StatusCode)
		}
	}
	if ready, err := http.Get(hooks.URL + "/readyz"); err != nil || ready.StatusCode != http.StatusOK {
		t.Errorf("ready while webhooks are taken: %v, %v", ready.StatusCode, err)
	}
	natsOn(t, dir, port)
	deadline := time.Now().Add(30 * time.Second)
	for {
		// Until the connection is back, questions fail too.
		if err := l.Settle(t.Context()); err == nil {
			if s, err := js.Stream(t.Context(), stream.Decisions); err == nil && s.CachedInfo().State.Msgs == people {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("what waited on the disk did not become decisions")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestServices_AMessageThatCannotBeReadHoldsNobodyUp(t *testing.T) {
	ns := natsOn(t, t.TempDir(), server.RANDOM_PORT)
	hooks, l, js := services(t, ns.ClientURL(), "")
	if _, err := js.Publish(t.Context(), stream.FactsOf("card"), []byte("\xff\xff not protobuf")); err != nil {
		t.Fatal(err)
	}
	card(t, hooks, checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	if err := l.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := decisions(t, js); n != 1 {
		t.Errorf("%d decisions, want 1", n)
	}
}
