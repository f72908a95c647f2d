package background_test

import (
	"context"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// EventsOf returns all that is on the wire, which is about one person.
func (w *wire) EventsOf(context.Context, string) ([]*stream.Event, error) { return w.events, nil }

// takesBack stores news after which nothing is to be deleted: a sign-up after the
// unsubscription.
func (s *scene) takesBack(t *testing.T) {
	t.Helper()
	again := newFact(fact.KindSignup, 0)
	again.ID = "again"
	subject, _ := lifecycle.Decide(s.policy, s.load(t), []fact.Fact{again}, now)
	s.save(t, subject)
}

// awaits checks that an answer to a decision is awaited, and that the answer counts.
func (s *scene) awaits(t *testing.T, decision string) {
	t.Helper()
	got := s.load(t)
	if len(got.Notices) == 0 || got.Notices[0].Decision != decision {
		t.Fatalf("the recipient knows %s, and nobody has noted it: %+v", decision, got.Notices)
	}
	s.answer(t, decision, "done", 0)
	if state := s.load(t).Notices[0].Progress(now).State; state != notice.StateConfirmed {
		t.Errorf("the answer does not count: %s", state)
	}
}

func TestDrain_WhatWasPublishedIsNotedThoughNewsTakeItBack(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	id := s.load(t).Outbox[0].ID
	s.wire.before = func() {
		s.wire.before = nil
		s.takesBack(t)
	}
	s.drain(t)
	s.awaits(t, id)
}

func TestDrain_WhatIsWrittenMeanwhileStandsInTheJournalOnce(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	id := s.load(t).Outbox[0].ID
	s.wire.before = func() {
		s.wire.before = nil
		s.save(t, s.load(t))
	}
	s.drain(t)
	s.drain(t)
	entries, err := s.store.EntriesOf(t.Context(), id)
	if err != nil || len(entries) != 1 {
		t.Errorf("the journal says it %d times, %v", len(entries), err)
	}
}

func TestOut_TellsWhatIsOutFromWhatIsNot(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4), newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	before := s.load(t)
	id := before.Outbox[0].ID
	after, err := s.MarkPublished(t.Context(), before, []string{id})
	if err != nil || len(after.Outbox) != len(before.Outbox) || len(after.Notices) > 0 {
		t.Fatalf("nothing is out: %+v, %v", after.Notices, err)
	}
	s.wire.events = []*stream.Event{{ID: id}}
	if after, err = s.MarkPublished(t.Context(), before, []string{id}); err != nil {
		t.Fatal(err)
	}
	if len(after.Outbox) != len(before.Outbox)-1 || len(after.Notices) != 1 || after.Notices[0].Decision != id {
		t.Errorf("%s is out: %+v", id, after.Notices)
	}
}

func TestOut_WaitsForWhatIsUnderWay(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	before := s.load(t)
	looked := make(chan lifecycle.Subject, 1)
	s.wire.before = func() {
		go func() {
			after, err := s.MarkPublished(t.Context(), before, []string{before.Outbox[0].ID})
			if err != nil {
				t.Error(err)
			}
			looked <- after
		}()
		select {
		case after := <-looked:
			t.Errorf("it did not wait: %+v", after.Outbox)
			looked <- after
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.drain(t)
	if after := <-looked; len(after.Outbox) > 0 || len(after.Notices) != 1 {
		t.Errorf("it is out: %+v, %+v", after.Outbox, after.Notices)
	}
}
