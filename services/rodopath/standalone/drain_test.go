package standalone_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// pod is an ingest with a volume, whose NATS can go away.
type pod struct {
	t      *testing.T
	dir    string
	port   int
	env    []string
	intake string
	log    *record
	app    *ingestapp.App
	hooks  *httptest.Server
}

// newPod starts an ingest of which the NATS is away since its start.
func newPod(t *testing.T, drain time.Duration) *pod {
	t.Helper()
	p := &pod{t: t, dir: t.TempDir(), intake: filepath.Join(t.TempDir(), "intake"), log: &record{}}
	ns := natsOn(t, p.dir, freePort(t))
	u, err := url.Parse(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	if p.port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatal(err)
	}
	ns.Shutdown()
	ns.WaitForShutdown()
	t.Setenv("RODOPATH_TEST_CARD", "whsec_test")
	p.env = []string{
		"RODOPATH_NATS_URL=" + ns.ClientURL(), "RODOPATH_INTAKE_PATH=" + p.intake,
		`RODOPATH_SOURCES=[{id: card, platform: stripe, secrets: ["env:RODOPATH_TEST_CARD"]}]`,
	}
	c, err := config.Load("", p.env)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(p.log, nil))
	nc, err := ingestapp.Connect(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	p.app, err = ingestapp.New(t.Context(), ingestapp.Options{Config: c, NATS: nc, DrainFor: drain, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	p.app.Start(t.Context())
	p.hooks = httptest.NewServer(p.app.Handler())
	t.Cleanup(p.hooks.Close)
	return p
}

// accept sends webhooks that are answered 200.
func (p *pod) accept(n int) {
	p.t.Helper()
	for i := range n {
		body := checkout(strconv.Itoa(i), fmt.Sprintf("ala%d@example.com", i), time.Now().Add(-time.Hour))
		if res := card(p.t, p.hooks, body); res.StatusCode != http.StatusOK {
			p.t.Fatalf("webhook %d: got %d, want 200", i, res.StatusCode)
		}
	}
}

// facts is the number of messages that NATS has.
func (p *pod) facts() uint64 {
	p.t.Helper()
	c, err := config.Load("", p.env)
	if err != nil {
		p.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	nc, err := service.Connect(p.t.Context(), c, "test", log)
	if err != nil {
		p.t.Fatal(err)
	}
	defer nc.Close()
	js, err := service.JetStream(p.t.Context(), nc, c, log)
	if err != nil {
		p.t.Fatal(err)
	}
	s, err := js.Stream(p.t.Context(), stream.Facts)
	if err != nil {
		p.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// TestIngest_DrainsItsLogBeforeItEnds: a pod that is told to stop forwards what it accepted.
func TestIngest_DrainsItsLogBeforeItEnds(t *testing.T) {
	p := newPod(t, time.Minute)
	p.accept(25)
	ended := make(chan error, 1)
	go func() { ended <- p.app.Close() }()
	natsOn(t, p.dir, p.port)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := p.facts(); got != 25 {
		t.Errorf("NATS has %d webhooks, want 25", got)
	}
}

// TestIngest_ForwardsTheVolumeOfAPodThatIsGone: what a pod could not forward is said, and a later run forwards it.
func TestIngest_ForwardsTheVolumeOfAPodThatIsGone(t *testing.T) {
	p := newPod(t, 50*time.Millisecond)
	p.accept(25)
	if err := p.app.Close(); err != nil {
		t.Fatal(err)
	}
	if !p.log.has("25", "webhooks stay in the intake log") {
		t.Errorf("the log does not say what is left:\n%s", p.log)
	}
	natsOn(t, p.dir, p.port)
	for _, e := range p.env {
		name, value, _ := bytes.Cut([]byte(e), []byte("="))
		t.Setenv(string(name), string(value))
	}
	var said record
	if err := ingestapp.Forward().Run(t.Context(), "", slog.New(slog.NewTextHandler(&said, nil))); err != nil {
		t.Fatal(err)
	}
	if got := p.facts(); got != 25 || !said.has("the intake log is forwarded", "webhooks=25") {
		t.Errorf("NATS has %d webhooks, want 25:\n%s", got, &said)
	}
	t.Run("without a log it says what is missing", func(t *testing.T) {
		if err := os.Unsetenv("RODOPATH_INTAKE_PATH"); err != nil {
			t.Fatal(err)
		}
		err := ingestapp.Forward().Run(t.Context(), "", slog.New(slog.DiscardHandler))
		if err == nil || errors.Is(err, ingestapp.ErrLeft) {
			t.Errorf("got %v, want the missing key", err)
		}
	})
}
