package relay_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/fixture"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
	"github.com/rodopath/rodopath/services/lifecycle/internal/relay"
	"github.com/rodopath/rodopath/services/lifecycle/internal/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// wire is a broker that can be away.
type wire struct {
	away   bool
	events []*stream.Event
	before func() // runs before events are taken
}

func (w *wire) PublishEvents(_ context.Context, events []*stream.Event) error {
	if w.before != nil {
		w.before()
	}
	if w.away {
		return errors.New("no responders")
	}
	w.events = append(w.events, events...)
	return nil
}

// scene is a relay between a real store and a wire.
type scene struct {
	*relay.Relay
	store  *sqlitestore.Store
	vault  *identity.Vault
	policy *lifecycle.Policy
	wire   *wire
}

func newScene(t *testing.T) *scene {
	t.Helper()
	st, vault, p := fixture.Store(t), fixture.Vault(t), fixture.Policy(t)
	w := &wire{}
	r := relay.New(relay.Options{Store: st, Publisher: w, Journal: fixture.Journal(st, vault), Vault: vault, Policy: p})
	return &scene{r, st, vault, p, w}
}

// decided stores a person about whom the facts are known.
func (s *scene) decided(t *testing.T, facts ...lifecycle.Fact) {
	t.Helper()
	subject := lifecycle.Subject{ID: "ala"}
	var err error
	if subject.Sealed, err = s.vault.Seal("ala", []identity.Identity{{Kind: identity.KindEmail, Value: "ala@example.com"}, {Kind: "stripe", Value: "cus_1"}}); err != nil {
		t.Fatal(err)
	}
	subject, _ = lifecycle.Decide(s.policy, subject, facts, now)
	s.save(t, subject)
}

func (s *scene) save(t *testing.T, subject lifecycle.Subject) {
	t.Helper()
	errs, err := s.store.Save(t.Context(), []store.Change{{Subject: subject}})
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) load(t *testing.T) lifecycle.Subject {
	t.Helper()
	found, err := s.store.Load(t.Context(), []string{"ala"})
	if err != nil {
		t.Fatal(err)
	}
	return found["ala"]
}

func fact(kind lifecycle.Kind, hours int) lifecycle.Fact {
	at := now.Add(-time.Duration(hours) * time.Hour)
	return lifecycle.Fact{ID: string(kind), Kind: kind, Occurred: at, Received: now, Ref: "order-1", Wording: "newsletter-offers"}
}

func TestDrain_TellsWhoWhatAndWhy(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Signup, 5), fact(lifecycle.Sale, 4), fact(lifecycle.Unsubscribe, 1))
	if n, err := s.Drain(t.Context()); n != 1 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	e := s.wire.events[0]
	d := e.Data.Delete
	switch {
	case d == nil || d.Scope != "part" || len(d.Items) != 2 || d.Items[0].Category != "marketing_profile":
		t.Errorf("got %+v", d)
	case e.Data.Person.Emails[0] != "ala@example.com" || e.Data.Person.IDs[0] != "stripe:cus_1":
		t.Errorf("got person %+v", e.Data.Person)
	case len(d.Stays) == 0 || d.Stays[0].Until == nil || d.Stays[0].LastDay != "2032-12-31":
		t.Errorf("got stays %+v", d.Stays)
	case len(e.Data.Because) != 2 || e.Data.Because[0].Cites == "" || len(e.Data.Because[0].Facts) != 2:
		t.Errorf("got reasons %+v", e.Data.Because)
	case !e.Data.Effective.Equal(now.Add(-time.Hour)):
		t.Errorf("effective %s", e.Data.Effective)
	}
	if got := s.load(t); len(got.Outbox) != 0 || len(got.Sealed) == 0 {
		t.Errorf("%d decisions left, %d bytes sealed", len(got.Outbox), len(got.Sealed))
	}
}

func TestDrain_KeepsWhatTheBrokerDidNotTake(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Sale, 4))
	s.wire.away = true
	if _, err := s.Drain(t.Context()); err == nil {
		t.Fatal("a broker that is away is no error")
	}
	id := s.load(t).Outbox[0].ID
	s.wire.away = false
	if n, err := s.Drain(t.Context()); n != 1 || err != nil || s.wire.events[0].ID != id {
		t.Errorf("sent %d, %v, %+v", n, err, s.wire.events)
	}
	if n, err := s.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("sent %d more, %v", n, err)
	}
}

func TestDrain_ASubjectWrittenMeanwhileIsSentAgainUnderTheSameID(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Sale, 4))
	s.wire.before = func() {
		s.wire.before = nil
		s.save(t, s.load(t))
	}
	for range 2 {
		if _, err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.wire.events) != 2 || s.wire.events[0].ID != s.wire.events[1].ID {
		t.Errorf("got %d events", len(s.wire.events))
	}
	if got := s.load(t); len(got.Outbox) != 0 {
		t.Errorf("%d decisions left", len(got.Outbox))
	}
}

func TestDrain_TheAddressGoesWithTheLastWord(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Signup, 5), fact(lifecycle.Unsubscribe, 1))
	if _, err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := s.wire.events[0]; e.Data.Delete.Scope != "person" || len(e.Data.Person.Emails) != 1 {
		t.Errorf("got %+v", e.Data)
	}
	if got := s.load(t); len(got.Sealed) != 0 {
		t.Error("the address is still stored")
	}
}

func TestRun_SendsWhenWoken(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Sale, 4))
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{})
	s.wire.before = func() { close(sent); s.wire.before = nil }
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	s.Wake()
	<-sent
	cancel()
	<-done
}
