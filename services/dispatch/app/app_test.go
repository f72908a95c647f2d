package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
	"github.com/rodopath/rodopath/services/internal/config"
)

// world is a NATS with a recipient that listens.
type world struct {
	t    testing.TB
	nats *natstest.Server
	js   jetstream.JetStream
	crm  *httptest.Server
	dir  string
	log  *syncBuffer

	mu     sync.Mutex
	answer http.HandlerFunc
	got    []string
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newWorld(t testing.TB, change ...func(*server.Options)) *world {
	w := &world{t: t, nats: natstest.Start(t, change...), dir: t.TempDir(), log: &syncBuffer{}}
	w.js = w.nats.JetStream(w.nats.Connect())
	w.crm = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.got = append(w.got, r.Header.Get("Webhook-Id"))
		answer := w.answer
		w.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		if answer != nil {
			answer(rw, r)
		}
	}))
	t.Cleanup(w.crm.Close)
	w.file("secret", "whsec_"+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("s"), 24))+"\n")
	w.file("empty", "\n")
	t.Cleanup(func() {
		if strings.Contains(w.log.String(), "@leak.") || strings.Contains(w.log.String(), "whsec") {
			t.Errorf("the log tells too much:\n%s", w.log)
		}
	})
	return w
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// config reads a configuration with these recipients.
func (w *world) config(recipients string) *config.Config {
	w.t.Helper()
	c, err := config.Load(w.file("rodopath.yaml", "recipients: "+strings.ReplaceAll(recipients, "$CRM", w.crm.URL)), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

const crm = `
- {id: crm, name: Our CRM, by: webhook, url: $CRM/hooks, secrets: ["file:secret"], allow_private: true, holds: [account]}
- {id: books, by: hand, answer_days: 30}
- {id: lake, by: nats}
`

func (w *world) start(recipients string, change func(*app.Options)) *app.App {
	w.t.Helper()
	opts := app.Options{
		Config: w.config(
			recipients,
		),
		NATS:    w.nats.Connect(),
		Checker: natstest.Standing{},
		Tokens:  []string{"token"},
		Claim:   3 * time.Second,
		Log:     slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&opts)
	}
	a, err := app.New(w.t.Context(), opts)
	if err != nil {
		w.t.Fatal(err)
	}
	a.Start(w.t.Context())
	w.t.Cleanup(func() { w.stop(a) })
	return a
}

func (w *world) stop(a *app.App) {
	if err := a.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) answers(f http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *world) received() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

func ask(t *testing.T, h http.Handler, method, path string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Header.Set("Authorization", "Bearer token")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// shown returns what the interface shows of a recipient.
func shown(t *testing.T, a *app.App, id string) map[string]any {
	t.Helper()
	status, body := ask(t, a.Handler(), "GET", "/v1/recipients")
	var list struct{ Recipients []map[string]any }
	if err := json.Unmarshal([]byte(body), &list); status != 200 || err != nil || strings.Contains(body, "@") {
		t.Fatalf("got %d %s", status, body)
	}
	for _, r := range list.Recipients {
		if r["id"] == id {
			return r
		}
	}
	t.Fatalf("%s is not in %s", id, body)
	return nil
}

// until waits for something that other goroutines bring about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come: %s", what)
		}
	}
}

// receipts returns what is in the stream of receipts.
func (w *world) receipts() map[string]stream.Receipt {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), stream.Receipts)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]stream.Receipt{}
	for seq := max(1, s.CachedInfo().State.FirstSeq); seq <= s.CachedInfo().State.LastSeq; seq++ {
		msg, err := s.GetMsg(w.t.Context(), seq)
		if err != nil {
			w.t.Fatal(err)
		}
		list, err := stream.DecodeReceipts(msg.Data)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range list {
			if msg.Subject != stream.ReceiptsOf(r.Recipient) {
				w.t.Fatal(msg.Subject)
			}
			out[r.Decision+":"+r.Recipient+":"+r.Outcome] = *r
		}
	}
	return out
}

func TestApp_CarriesDecisionsAndTellsWhatBecameOfThem(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get("Webhook-Id"); id == "d2" {
			rw.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(rw, `{"decision":%q,"outcome":"held","reason":"a dispute","at":"2026-01-15T10:00:00Z"}`, id)
		}
	})
	w.nats.Publish(
		w.js,
		natstest.Event("d1", "ala", "crm"),
		natstest.Event("d2", "ewa", "crm", "books"),
		natstest.Event("d3", "ola", "books"),
	)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a := w.start(crm, func(o *app.Options) { o.Now = func() time.Time { return at } })
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := w.receipts()
	if len(got) != 2 || got["d1:crm:sent"].Outcome != "sent" || got["d2:crm:held"].Reason != "a dispute" ||
		!got["d1:crm:sent"].At.Equal(at) {
		t.Errorf("got %+v", got)
	}
	if r := shown(
		t,
		a,
		"crm",
	); r["name"] != "Our CRM" || r["state"] != "ok" || r["waiting"] != 0.0 || r["answer_days"] != 7.0 || r["carried"] != true ||
		r["holds"].([]any)[0] != "account" {
		t.Errorf("got %v", r)
	}
	if r := shown(
		t,
		a,
		"books",
	); r["name"] != "books" || r["by"] != "hand" || r["answer_days"] != 30.0 ||
		r["waiting"] != nil {
		t.Errorf("got %v", r)
	}
	_, metrics := ask(t, a.Metrics(), "GET", "/metrics")
	for _, want := range []string{
		`rodopath_deliveries_total{outcome="held",recipient="crm"} 1`, `rodopath_deliveries_total{outcome="sent",recipient="crm"} 1`,
		`rodopath_recipient_circuit_open{recipient="crm"} 0`, `rodopath_recipient_disabled{recipient="crm"} 0`,
		`rodopath_recipient_waiting{recipient="crm"} 0`, `rodopath_recipient_oldest_waiting_seconds{recipient="crm"} 0`,
		`rodopath_delivery_attempt_seconds_count{recipient="crm"} 2`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s:\n%s", want, metrics)
		}
	}
}

func TestApp_StaysDisabledUntilItIsEnabled(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) })
	a := w.start(crm, nil)
	other := w.start(crm, nil)
	w.nats.Publish(w.js, natstest.Event("d1", "ala", "crm"), natstest.Event("d2", "ala", "crm"))
	for _, replica := range []*app.App{a, other} {
		until(t, "disabled", func() bool { return shown(t, replica, "crm")["state"] == "disabled" })
	}
	if !strings.Contains(w.log.String(), "disabled after the answer 410") {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
	w.stop(a)
	w.stop(other)
	w.answers(nil)
	a = w.start(crm, nil)
	if r := shown(
		t,
		a,
		"crm",
	); r["state"] != "disabled" || r["waiting"] != 2.0 || r["since"] == nil ||
		!strings.Contains(r["last_error"].(string), "410") {
		t.Errorf("got %v", r)
	}
	if _, metrics := ask(
		t,
		a.Metrics(),
		"GET",
		"/",
	); !strings.Contains(
		metrics,
		`rodopath_recipient_disabled{recipient="crm"} 1`,
	) {
		t.Error("the metrics do not say so")
	}
	if got := w.received(); len(got) != 1 {
		t.Errorf("it was sent %v", got)
	}
	if status, _ := ask(t, a.Handler(), "POST", "/v1/recipients/nobody/enable"); status != 404 {
		t.Errorf("nobody: %d", status)
	}
	if status, body := ask(t, a.Handler(), "POST", "/v1/recipients/crm/enable"); status != 204 {
		t.Errorf("enable: %d %s", status, body)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.received(); !slices.Equal(got, []string{"d1", "d1", "d2"}) || shown(t, a, "crm")["state"] != "ok" {
		t.Errorf("it was sent %v", got)
	}
}

func TestApp_AnotherRecipientsTroubleIsItsOwn(t *testing.T) {
	w := newWorld(t)
	w.answers(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dead" {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	const both = crm + `
- {id: dead, by: webhook, url: $CRM/dead, secrets: ["file:secret"], allow_private: true}
`
	a := w.start(both, nil)
	for i := range 20 {
		w.nats.Publish(w.js, natstest.Event(fmt.Sprint("d", i), fmt.Sprint("p", i), "crm", "dead"))
	}
	until(t, "circuit open", func() bool { return shown(t, a, "dead")["state"] == "circuit_open" })
	until(t, "sent", func() bool { return shown(t, a, "crm")["waiting"] == 0.0 })
	if r := shown(t, a, "dead"); r["waiting"] != 20.0 || !strings.Contains(r["last_error"].(string), "500") {
		t.Errorf("got %v", r)
	}
	_, metrics := ask(t, a.Metrics(), "GET", "/")
	if !strings.Contains(metrics, `rodopath_recipient_circuit_open{recipient="dead"} 1`) ||
		strings.Contains(metrics, `oldest_waiting_seconds{recipient="dead"} 0`+"\n") {
		t.Errorf("got %s", metrics)
	}
}

func TestApp_ADryRunSendsNothingAndKeepsThePlace(t *testing.T) {
	w := newWorld(t)
	w.nats.Publish(
		w.js,
		natstest.Event("d1", "ala", "crm"),
		natstest.Event("dx", "ala", "books"),
		natstest.Event("d2", "ewa", "crm"),
	)
	a := w.start(crm, func(o *app.Options) { o.DryRun = true })
	line := func(id string) string {
		return fmt.Sprintf(`msg="dry run: would call" recipient=crm method=POST url=%s/hooks decision=%s`, w.crm.URL, id)
	}
	until(t, "the lines", func() bool {
		return strings.Contains(w.log.String(), line("d1")) && strings.Contains(w.log.String(), line("d2"))
	})
	w.nats.Publish(w.js, natstest.Event("d3", "ala", "crm"))
	until(t, "what came later", func() bool { return strings.Contains(w.log.String(), line("d3")) })
	if r := shown(
		t,
		a,
		"crm",
	); r["dry_run"] != true || r["waiting"] != 4.0 || len(w.received()) != 0 || len(w.receipts()) != 0 ||
		strings.Contains(w.log.String(), "dx") {
		t.Errorf("got %v, %v\n%s", r, w.received(), w.log)
	}
	w.stop(a)
	a = w.start(crm, nil)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.received(); len(got) != 3 {
		t.Errorf("it was sent %v", got)
	}
}

func TestApp_ARestartInTheMiddleForgetsNothing(t *testing.T) {
	w := newWorld(t)
	const persons, each = 5, 20
	for i := range each {
		for p := range persons {
			w.nats.Publish(w.js, natstest.Event(fmt.Sprintf("p%d-%02d", p, i), fmt.Sprint("p", p), "crm"))
		}
	}
	w.answers(func(http.ResponseWriter, *http.Request) { time.Sleep(3 * time.Millisecond) })
	for range 4 {
		a := w.start(crm, nil)
		n := len(w.received())
		until(t, "some calls", func() bool { return len(w.received()) > n+10 || len(w.receipts()) == persons*each })
		w.stop(a)
	}
	if err := w.start(crm, nil).Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := map[string]string{}
	for _, id := range w.received() {
		person, _, _ := strings.Cut(id, "-")
		if id < last[person] {
			t.Errorf("%s was sent after %s", id, last[person])
		}
		last[person] = id
	}
	if got := len(w.receipts()); got != persons*each {
		t.Errorf("%d receipts", got)
	}
}

func TestNew_SaysWhatARecipientLacks(t *testing.T) {
	w := newWorld(t)
	for want, recipients := range map[string]string{
		":1:14: recipient crm: read secret file:empty: secret is empty": `[{id: crm, by: webhook, url: "https://crm.example", secrets: ["file:empty"]}]`,
		":1:14: recipient crm: url must begin with https://":            `[{id: crm, by: webhook, url: "http://crm.example", secrets: ["file:secret"]}]`,
		":1:14: recipient shop: key: a key begins with":                 `[{id: shop, by: stripe, key: "file:secret", source: pay}]`,
	} {
		_, err := app.New(
			t.Context(),
			app.Options{Config: w.config(recipients), NATS: w.nats.Connect(), Checker: natstest.Standing{}},
		)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := app.New(
		t.Context(),
		app.Options{
			Config: &config.Config{API: config.API{Tokens: []config.Token{{Token: "env:NO_SUCH_TOKEN"}}}},
			NATS:   w.nats.Connect(),
		},
	); !errors.Is(
		err,
		config.ErrEmptySecret,
	) {
		t.Errorf("got %v", err)
	}
}

func TestHandler_LetsInWhoMay(t *testing.T) {
	w := newWorld(t)
	t.Setenv("READER", "reader-0123456789")
	t.Setenv("DECIDER", "decider-0123456789")
	a := w.start(crm, func(o *app.Options) {
		o.Config.API.Tokens = []config.Token{
			{Token: "env:READER", Scopes: []string{"read"}},
			{Token: "env:DECIDER", Scopes: []string{"decisions"}},
		}
	})
	for token, want := range map[string][2]int{"token": {200, 204}, "decider-0123456789": {200, 204}, "reader-0123456789": {403, 403}, "": {401, 401}, "x": {401, 401}} {
		for i, c := range [][2]string{{"GET", "/v1/recipients"}, {"POST", "/v1/recipients/crm/enable"}} {
			r := httptest.NewRequestWithContext(t.Context(), c[0], c[1], nil)
			r.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			a.Handler().ServeHTTP(rec, r)
			if rec.Code != want[i] {
				t.Errorf("%v with %q: %d", c, token, rec.Code)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if rec.Code != 200 {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}
