package relay_test

import (
	"context"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
)

// EventsOf returns all that is on the wire, which is about one person.
func (w *wire) EventsOf(context.Context, string) ([]*stream.Event, error) { return w.events, nil }

// takesBack stores news after which nothing is to be deleted: a sign-up after the
// unsubscription.
func (s *scene) takesBack(t *testing.T) {
	t.Helper()
	again := fact(lifecycle.Signup, 0)
	again.ID = "again"
	subject, _ := lifecycle.Decide(s.policy, s.load(t), []lifecycle.Fact{again}, now)
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
	if state := s.load(t).Notices[0].Progress(now).State; state != lifecycle.StateConfirmed {
		t.Errorf("the answer does not count: %s", state)
	}
}

func TestDrain_WhatWasPublishedIsNotedThoughNewsTakeItBack(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Signup, 5), fact(lifecycle.Unsubscribe, 1))
	id := s.load(t).Outbox[0].ID
	s.wire.before = func() {
		s.wire.before = nil
		s.takesBack(t)
	}
	s.drain(t)
	s.awaits(t, id)
}

func TestCatchUp_NotesWhatAProcessPublishedBeforeItWasKilled(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Signup, 5), fact(lifecycle.Unsubscribe, 1))
	id := s.load(t).Outbox[0].ID
	s.wire.events = []*stream.Event{{ID: id}}
	if err := s.CatchUp(t.Context(), s.wire); err != nil {
		t.Fatal(err)
	}
	s.takesBack(t)
	s.awaits(t, id)
}

func TestCatchUp_LeavesWhatWasNotPublishedToTheNews(t *testing.T) {
	s := newScene(t)
	s.decided(t, fact(lifecycle.Signup, 5), fact(lifecycle.Unsubscribe, 1))
	if err := s.CatchUp(t.Context(), s.wire); err != nil {
		t.Fatal(err)
	}
	s.takesBack(t)
	s.drain(t)
	for _, e := range s.wire.events {
		if e.Data.Delete != nil && len(e.Data.Delete.Items) > 1 {
			t.Errorf("a deletion that was taken back went out: %+v", e.Data.Delete.Items)
		}
	}
}
