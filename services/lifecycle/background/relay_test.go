package background_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// wire is a broker that can be away.
type wire struct {
	away   bool
	events []*stream.Event
	before func() // runs before events are taken
	// silent reports whether the broker takes events without an answer.
	silent bool
	// large is a subject with an event that is too large for the broker.
	large string
}

func (w *wire) PublishEvents(_ context.Context, events []*stream.Event) error {
	if w.before != nil {
		w.before()
	}
	if w.away {
		return fmt.Errorf("%w: no responders", background.ErrUnavailable)
	}
	for _, e := range events {
		if w.large != "" && e.Subject == w.large {
			return errors.New("maximum payload exceeded")
		}
	}
	w.events = append(w.events, events...)
	if w.silent {
		return fmt.Errorf("%w: no answer", background.ErrUnavailable)
	}
	return nil
}

// PurgeEvents takes decisions off the wire.
func (w *wire) PurgeEvents(_ context.Context, _ string, decisions []string) error {
	if w.away {
		return fmt.Errorf("%w: no responders", background.ErrUnavailable)
	}
	w.events = slices.DeleteFunc(w.events, func(e *stream.Event) bool { return slices.Contains(decisions, e.ID) })
	return nil
}

// counted is a store that counts its writes.
type counted struct {
	*sqlitestore.Store
	writes int
}

func (c *counted) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	c.writes++
	return c.Store.Save(ctx, changes)
}

// scene is a relay between a real store and a wire.
type scene struct {
	*background.Relay
	// counted is the store of the relay.
	counted *counted
	store   *sqlitestore.Store
	vault   *identity.Vault
	policy  *rules.Policy
	wire    *wire
	// held reports whether deletions are held back.
	held bool
	// unrecorded wakes a recovery.
	unrecorded chan struct{}
}

func newScene(t *testing.T) *scene {
	t.Helper()
	st, vault, p := lifecycletest.Store(t), lifecycletest.Vault(t), lifecycletest.Policy(t)
	p.Connected = []rules.ConnectedRecipient{
		{ID: "crm", Deletions: true, AnswerDays: 7, Dispatched: true},
	}
	w := &wire{}
	s := &scene{store: st, vault: vault, policy: p, counted: &counted{Store: st}, unrecorded: make(chan struct{}, 1)}
	s.wire = w
	s.Relay = background.NewRelay(
		background.RelayOptions{
			Store:     s.counted,
			Publisher: w,
			Reader:    w,
			Purger:    w,
			PublicURL: "https://hooks.example.com/",
			Journal:   lifecycletest.Journal(st, vault),
			Vault:     vault,
			Policy:    p,
			Hold:      func() bool { return s.held },
			Unrecorded: func() {
				select {
				case s.unrecorded <- struct{}{}:
				default:
				}
			},
		},
	)
	return s
}

// decided stores a person about whom the facts are known.
func (s *scene) decided(t *testing.T, facts ...fact.Fact) {
	t.Helper()
	subject := lifecycle.Subject{ID: "ala"}
	var err error
	if subject.Sealed, err = s.vault.Seal(
		"ala",
		[]identity.Identity{{Kind: identity.KindEmail, Value: "ala@example.com"}, {Kind: "stripe", Value: "cus_1"}},
	); err != nil {
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

func newFact(kind fact.Kind, hours int) fact.Fact {
	at := now.Add(-time.Duration(hours) * time.Hour)
	return fact.Fact{
		ID:       string(kind),
		Kind:     kind,
		Occurred: at,
		Received: now,
		Ref:      "order-1",
		Wording:  "newsletter-offers",
	}
}

// TestDrain_TheBrakeHoldsDeletionsBack: a question is published meanwhile, and the deletion once the brake is off.
func TestDrain_TheBrakeHoldsDeletionsBack(t *testing.T) {
	for _, c := range []struct {
		fact fact.Kind
		want int
	}{{fact.KindSale, 1}, {fact.KindUnsubscribe, 0}} {
		s := newScene(t)
		s.held = true
		facts := []fact.Fact{newFact(c.fact, 1)}
		if c.fact == fact.KindUnsubscribe {
			facts = append(facts, newFact(fact.KindSignup, 5))
		}
		s.decided(t, facts...)
		if n, err := s.Drain(t.Context()); n != c.want || err != nil {
			t.Errorf("after a %s %d decisions are published, %v, want %d", c.fact, n, err, c.want)
		}
		s.held = false
		if n, err := s.Drain(t.Context()); n != 1-c.want || err != nil {
			t.Errorf("after a %s %d decisions are published without the brake, %v, want %d", c.fact, n, err, 1-c.want)
		}
	}
}

func TestDrain_TellsWhoWhatAndWhy(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindSale, 4), newFact(fact.KindUnsubscribe, 1))
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
	case len(d.Retained) == 0 || d.Retained[0].Until == nil || d.Retained[0].LastDay != "2032-12-31":
		t.Errorf("got stays %+v", d.Retained)
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
	s.decided(t, newFact(fact.KindSale, 4))
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

func TestDrain_ASubjectWrittenMeanwhileIsSettledAtOnce(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4))
	s.wire.before = func() {
		s.wire.before = nil
		s.save(t, s.load(t))
	}
	if _, err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.load(t)
	if len(s.wire.events) != 1 || got.Pending() || got.Journal.Seq != 1 {
		t.Errorf("got %d events, pending %v, %d journal entries; want 1, false, 1",
			len(s.wire.events), got.Pending(), got.Journal.Seq)
	}
}

func TestDrain_SubjectsWrittenMeanwhileAreSettledTogether(t *testing.T) {
	s := newScene(t)
	const persons = 50
	for i := range persons {
		subject, _ := lifecycle.Decide(
			s.policy, lifecycle.Subject{ID: fmt.Sprintf("p%02d", i)}, []fact.Fact{newFact(fact.KindSale, 4)}, now,
		)
		s.save(t, subject)
	}
	s.wire.before = func() {
		pending, err := s.store.Pending(t.Context(), "", persons)
		if err != nil {
			t.Fatal(err)
		}
		for _, subject := range pending {
			s.save(t, subject)
		}
	}
	if _, err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	pending, err := s.store.Pending(t.Context(), "", persons)
	if len(s.wire.events) != persons || len(pending) != 0 || s.counted.writes != 2 || err != nil {
		t.Errorf("got %d events, %d pending, %d writes, %v; want %d, 0, 2",
			len(s.wire.events), len(pending), s.counted.writes, err, persons)
	}
}

func TestDrain_ADecisionMadeAgainMeanwhileIsSentAgainUnderTheSameID(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4))
	s.wire.before = func() {
		s.wire.before = nil
		changed := s.load(t)
		changed.Outbox[0].Revision = "another"
		s.save(t, changed)
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
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
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

// answer has the CRM answer the decision that was sent last.
func (s *scene) answer(t *testing.T, decision, outcome string, after time.Duration) {
	t.Helper()
	at := now.Add(after)
	f := fact.Fact{
		ID:        outcome,
		Kind:      fact.KindReceipt,
		Ref:       decision,
		Recipient: "crm",
		Outcome:   fact.Outcome(outcome),
		Occurred:  at,
		Received:  at,
	}
	subject, _ := lifecycle.Decide(s.policy, s.load(t), []fact.Fact{f}, at)
	s.save(t, subject)
}

func (s *scene) drain(t *testing.T) {
	t.Helper()
	if _, err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDrain_PurgesTheNamesOnceEverybodyHasConfirmed(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	s.drain(t)
	e := s.wire.events[0]
	if !slices.Equal(e.Data.Recipients, []string{"crm"}) || s.load(t).NoticeDue == nil {
		t.Fatalf("told %+v", e.Data.Recipients)
	}
	s.answer(t, e.ID, "partial", time.Minute)
	s.drain(t)
	if len(s.wire.events) != 1 {
		t.Fatal("the names went before everything was deleted")
	}
	s.answer(t, e.ID, "done", time.Hour)
	s.wire.away = true
	if _, err := s.Drain(t.Context()); err == nil {
		t.Error("a broker that is away is no error")
	}
	s.wire.away = false
	s.drain(t)
	got := s.load(t)
	if len(s.wire.events) != 0 || got.Pending() || got.NoticeDue != nil || !got.Notices[0].Purged {
		t.Errorf("%d events left, notice %+v", len(s.wire.events), got.Notices[0])
	}
	entries, err := s.store.EntriesOf(t.Context(), e.ID)
	if err != nil || len(entries) != 2 || entries[1].Kind != chain.KindConfirmed ||
		entries[1].Answers[0].Outcome != "done" {
		t.Fatalf("the journal says %+v, %v", entries, err)
	}
	if want := stream.Hash(s.vault.ProofKey(e.ID, 0), "ala@example.com"); !slices.Contains(entries[1].Names, want) {
		t.Errorf("the journal does not say of whom: %v", entries[1].Names)
	}
}

func TestDrain_AnAnswerThatIsFasterThanTheRelayCounts(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	s.wire.before = func() {
		s.wire.before = nil
		s.answer(t, s.load(t).Outbox[0].ID, "done", 0) // read off the wire before the relay has noted that it was sent
	}
	s.drain(t)
	s.drain(t) // the subject was written meanwhile
	got := s.load(t)
	if got.ReviewAt == nil || got.ReviewAt.After(now) {
		t.Fatalf("nobody will look: %v", got.ReviewAt)
	}
	subject, _ := lifecycle.Decide(s.policy, got, nil, now.Add(time.Second))
	if subject.Notices[0].Progress(now).State != notice.StateConfirmed || len(subject.Facts) != len(got.Facts)-1 {
		t.Errorf("got %+v", subject.Notices[0])
	}
}

func TestDrain_AQuestionCarriesThePageForThisPersonAlone(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4))
	s.drain(t)
	e := s.wire.events[0]
	token, ok := strings.CutPrefix(e.Data.Ask.Page, "https://hooks.example.com/consent/")
	if decision, _, ours := s.vault.PageDecision(token); !ok || !ours || decision != e.ID {
		t.Errorf("the page is %s", e.Data.Ask.Page)
	}
}

func TestRun_SendsWhenWoken(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4))
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

func TestDrain_WhatNewsDeleteWaitsWhileItIsTooMuch(t *testing.T) {
	s := newScene(t)
	waits, published := map[string]bool{"ala": true}, 0
	relay := background.NewRelay(background.RelayOptions{
		Store: s.store, Publisher: s.wire, Reader: s.wire, Purger: s.wire, Vault: s.vault, Policy: s.policy,
		Journal: lifecycletest.Journal(s.store, s.vault),
		Weigh: func(_ context.Context, _ []lifecycle.Subject, first bool) (map[string]bool, error) {
			if !first {
				t.Error("got a further page, want the first one")
			}
			return waits, nil
		},
		Published: func(subjects []lifecycle.Subject) { published += len(subjects) },
	})
	s.decided(t, newFact(fact.KindUnsubscribe, 1), newFact(fact.KindSignup, 5))
	for _, want := range []int{0, 1} {
		n, err := relay.Drain(t.Context())
		if n != want || published != want || err != nil {
			t.Errorf("got %d decisions, %d persons and %v, want %d", n, published, err, want)
		}
		waits = nil
	}
}
