package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
)

// owner stands in for the interface of lifecycle.
type owner struct {
	*httptest.Server
	status  atomic.Int64
	state   atomic.Value
	checked atomic.Int64
}

func newOwner(t *testing.T) *owner {
	o := &owner{}
	o.status.Store(http.StatusOK)
	o.state.Store("standing")
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.checked.Add(1)
		var check stream.Check
		if err := json.NewDecoder(r.Body).Decode(&check); err != nil || len(check.Items) != 1 ||
			!strings.HasPrefix(r.URL.Path, "/v1/decisions/d") || !strings.HasSuffix(r.URL.Path, "/check") ||
			r.Header.Get("Authorization") != "Bearer token-0123456789" {
			t.Errorf("got %s %s %+v, %v", r.Method, r.URL.Path, check, err)
		}
		w.WriteHeader(int(o.status.Load()))
		fmt.Fprintf(
			w,
			`{"state":%q,"items":[{"category":"account"}],"scope":"person","at":"2026-01-15T10:00:00Z"}`,
			o.state.Load(),
		)
	}))
	t.Cleanup(o.Close)
	return o
}

func TestApp_AsksLifecycleBeforeEachAttempt(t *testing.T) {
	w, o := newWorld(t), newOwner(t)
	t.Setenv("CHECK_TOKEN", "token-0123456789")
	unchecked := func(opts *app.Options) {
		opts.Checker = nil
		opts.Config.Dispatch.Lifecycle.URL = o.URL + "/"
		opts.Config.Dispatch.Lifecycle.Token = "env:CHECK_TOKEN"
	}
	var fails atomic.Bool
	fails.Store(true)
	w.answers(func(rw http.ResponseWriter, _ *http.Request) {
		if fails.Load() {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	o.status.Store(http.StatusServiceUnavailable)
	w.nats.Publish(w.js, natstest.Event("d1", "ala", "crm"))
	a := w.start(crm, unchecked)
	until(t, "a check", func() bool { return o.checked.Load() > 1 })
	if got := w.received(); len(got) > 0 {
		t.Fatalf("delivered unchecked: %v", got)
	}
	if r := shown(t, a, "crm"); !strings.Contains(r["last_error"].(string), "503") {
		t.Errorf("the status lacks the reason: %v", r)
	}
	o.status.Store(http.StatusOK)
	until(t, "an attempt", func() bool { return len(w.received()) > 0 })
	o.state.Store("retracted")
	attempts := len(w.received())
	fails.Store(false)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.received(); len(got) > attempts+1 || len(w.receipts()) > 1 { // an attempt may be under way
		t.Errorf("after the retraction: %v", got)
	}
	_, metrics := ask(t, a.Metrics(), "GET", "/metrics")
	for _, want := range []string{
		`rodopath_delivery_checks_total{recipient="crm",state="unavailable"}`,
		`rodopath_delivery_checks_total{recipient="crm",state="standing"}`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestApp_ARecipientThatFailsWhileNewsArriveDoesNotGetTheDeletion(t *testing.T) {
	w, o := newWorld(t), newOwner(t)
	t.Setenv("CHECK_TOKEN", "token-0123456789")
	w.answers(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) })
	w.nats.Publish(w.js, natstest.Event("d1", "ala", "crm"))
	a := w.start(crm, func(opts *app.Options) {
		opts.Checker = nil
		opts.Config.Dispatch.Lifecycle.URL = o.URL
		opts.Config.Dispatch.Lifecycle.Token = "env:CHECK_TOKEN"
	})
	until(t, "an attempt", func() bool { return len(w.received()) > 0 })
	o.state.Store("retracted")
	retraction := natstest.Event("d2", "ala", "crm")
	retraction.Type, retraction.Data.Kind, retraction.Data.Delete = stream.TypeRetract, stream.KindRetract, nil
	retraction.Data.Retract = &stream.Retract{Decision: "d1", Of: stream.KindDelete, Whole: true}
	w.nats.Publish(w.js, retraction)
	until(t, "the deletion is acknowledged", func() bool { return slices.Contains(w.received(), "d2") })
	w.answers(nil)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.receipts(); len(got) != 1 || got["d2:crm:sent"].Outcome != "sent" {
		t.Errorf("receipts %v", got)
	}
}

func TestNew_NeedsLifecycleForDeliveries(t *testing.T) {
	w := newWorld(t)
	opts := app.Options{Config: w.config(crm), NATS: w.nats.Connect(), Tokens: []string{"token"}}
	if _, err := app.New(
		t.Context(),
		opts,
	); err == nil ||
		!strings.Contains(err.Error(), "dispatch.lifecycle.url is missing") {
		t.Errorf("got %v", err)
	}
	opts.DryRun = true // delivers nothing
	a, err := app.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	w.stop(a)
}
