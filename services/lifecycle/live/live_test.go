package live_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/live"
)

// states keeps documents in memory.
type states map[string]string

func (s states) State(_ context.Context, name string) (string, error) { return s[name], nil }

func (s states) SetState(_ context.Context, name, doc string) error {
	s[name] = doc
	return nil
}

var installed = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// register opens the state of an installation with the recipients crm, shop (a platform) and bookkeeper.
func register(t *testing.T, in states, at *time.Time, change ...func(*live.Options)) *live.Register {
	t.Helper()
	none := time.Duration(0)
	opts := live.Options{
		Store: in, Alone: true, Sources: []string{"shop"}, Now: func() time.Time { return *at },
		Recipients: []live.Recipient{
			{ID: "crm", Kinds: []string{"delete", "ask-consent"}}, {ID: "shop", Kinds: []string{"delete"}, Platform: true},
			{ID: "bookkeeper", Kinds: []string{"delete"}, Delay: &none},
		},
	}
	for _, c := range change {
		c(&opts)
	}
	r, err := live.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// is compares the gate with "open", "open after 168h0m0s", or the reason why it is closed.
func is(t *testing.T, r *live.Register, recipient, kind string, at time.Time, want string) {
	t.Helper()
	o := r.Opening(recipient, kind, at)
	got := o.Closed
	switch {
	case got == "" && o.Delay > 0:
		got = "open after " + o.Delay.String()
	case got == "":
		got = "open"
	}
	if got != want {
		t.Errorf("%s %s: got %q, want %q", recipient, kind, got, want)
	}
}

func TestRegister_ANewInstallationObservesUntilTheOrder(t *testing.T) {
	now, in := installed, states{}
	r := register(t, in, &now)
	is(t, r, "crm", "delete", now, "observing")
	if err := r.GoLive(t.Context(), []string{"crm"}, []string{"delete"}); err != nil {
		t.Fatal(err)
	}
	is(t, r, "crm", "delete", now, "open after 168h0m0s")
	is(t, r, "crm", "ask-consent", now, "observing")
	is(t, r, "bookkeeper", "delete", now, "observing")
	if !r.Releasing() || !r.Observes() {
		t.Errorf("releasing %v, observes %v, want both", r.Releasing(), r.Observes())
	}
	if err := r.Released(t.Context()); err != nil || r.Releasing() {
		t.Errorf("after the release: %v, releasing %v", err, r.Releasing())
	}
	is(t, register(t, in, &now), "crm", "delete", now, "open after 168h0m0s") // after a restart
	is(t, r, "crm", "delete", now.AddDate(0, 0, 31), "open")
}

func TestRegister_APlatformNeedsTheHistoryOfTheSources(t *testing.T) {
	now, in := installed, states{}
	r := register(t, in, &now)
	if err := r.GoLive(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	is(t, r, "shop", "delete", now, "history_missing")
	is(t, r, "bookkeeper", "delete", now, "open")
	if err := r.Cover(t.Context(), "card", live.Covered{}); !errors.Is(err, live.ErrSource) {
		t.Errorf("an unknown source: got %v", err)
	}
	if err := r.Cover(t.Context(), "shop", live.Covered{How: live.CoveredByStatement}); err != nil {
		t.Fatal(err)
	}
	is(t, r, "shop", "delete", now, "open after 168h0m0s")
	if err := r.Uncover(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	is(t, r, "shop", "delete", now, "history_missing")
}

func TestRegister_AnInstallationOfBeforeStaysLive(t *testing.T) {
	now, in := installed, states{}
	existing := func(o *live.Options) { o.Existing = true }
	is(t, register(t, in, &now, existing), "shop", "delete", now, "open")
	added := func(o *live.Options) {
		o.Existing, o.Recipients = true, append(o.Recipients, live.Recipient{ID: "new", Kinds: []string{"delete"}})
	}
	r := register(t, in, &now, added)
	is(t, r, "crm", "ask-consent", now, "open")
	is(t, r, "new", "delete", now, "observing") // a recipient that is added later
}

func TestRegister_WithoutObservingEverybodyIsNotifiedAtOnce(t *testing.T) {
	now := installed
	r := register(t, states{}, &now, func(o *live.Options) { o.AtOnce = true })
	is(t, r, "crm", "ask-consent", now, "open")
	is(t, r, "shop", "delete", now, "open")
}

func TestRegister_AnOrderOfAnotherProcessIsReadAndReleasedTwice(t *testing.T) {
	now, in := installed, states{}
	shared := func(o *live.Options) { o.Alone = false }
	one, other := register(t, in, &now, shared), register(t, in, &now, shared)
	if err := one.GoLive(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	is(t, other, "crm", "delete", now, "observing")
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	is(t, other, "crm", "delete", now, "open after 168h0m0s")
	if err := one.Released(t.Context()); err != nil || !one.Releasing() {
		t.Errorf("at once: %v, releasing %v: another process may still hold decisions back", err, one.Releasing())
	}
	now = now.Add(time.Minute)
	if err := one.Released(t.Context()); err != nil || one.Releasing() {
		t.Errorf("a minute later: %v, releasing %v", err, one.Releasing())
	}
}
