package background_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// held has the CRM answer that it holds data by design until an instant.
func (s *scene) hold(t *testing.T, decision string, until time.Time) {
	t.Helper()
	at := now.Add(time.Minute)
	f := fact.Fact{
		ID: "held", Kind: fact.KindReceipt, Ref: decision, Recipient: "crm", Outcome: fact.OutcomeHeld,
		Occurred: at, Received: at, EventAt: &until,
	}
	subject, _ := lifecycle.Decide(s.policy, s.load(t), []fact.Fact{f}, at)
	s.save(t, subject)
}

// TestDrain_LooksAgainOnceTheObstacleHasLapsed: no alarm comes before, the recipient alone is notified again, and the
// journal says so.
func TestDrain_LooksAgainOnceTheObstacleHasLapsed(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindSale, 4), newFact(fact.KindUnsubscribe, 1))
	s.drain(t)
	id, until := s.wire.events[0].ID, now.AddDate(0, 6, 0)
	s.hold(t, id, until)
	for _, at := range []time.Time{now.AddDate(0, 1, 0), until.Add(-time.Second)} {
		subject, _ := lifecycle.Decide(s.policy, s.load(t), nil, at)
		if p := subject.Notices[0].Progress(at); p.State == notice.StateOverdue || len(notice.Looks(subject.Notices)) > 0 {
			t.Errorf("got %+v at %s, want no alarm and no look", p, at)
		}
	}
	if at := s.load(t).ReviewAt; at == nil || at.After(until) {
		t.Errorf("got a review at %v, want by %s", at, until)
	}
	subject, _ := lifecycle.Decide(s.policy, s.load(t), nil, until)
	s.save(t, subject)
	s.held = true
	if n, err := s.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("got %d events behind the brake, %v, want none", n, err)
	}
	s.held = false
	s.drain(t)
	s.drain(t)
	i := slices.IndexFunc(s.wire.events, func(e *stream.Event) bool { return e.Data.Replay != nil })
	if i < 0 || s.wire.events[i].ID != id || s.wire.events[i].Data.Replay.Recipient != "crm" {
		t.Fatalf("got %+v, want the decision once more for the recipient", s.wire.events)
	}
	got := s.load(t)
	n := notice.Find(got.Notices, id)
	if to := n.Notifications[0]; to.Outcome != "" || to.LookAgain != nil || n.Replayed == nil || got.Pending() {
		t.Errorf("got %+v, want a notice that awaits an answer", n)
	}
	entries, err := s.store.EntriesOf(t.Context(), id)
	if err != nil || !slices.ContainsFunc(entries, func(e chain.Entry) bool { return e.Kind == chain.KindReplay }) {
		t.Errorf("got %+v, %v, want an entry about the replay", entries, err)
	}
}

// TestDrain_LooksAgainAfterTheNextDeletion: a deletion for the recipient may remove an obstacle without a known end.
func TestDrain_LooksAgainAfterTheNextDeletion(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindSale, 4), newFact(fact.KindUnsubscribe, 1))
	s.drain(t)
	first := s.wire.events[0].ID
	s.hold(t, first, now.AddDate(20, 0, 0))
	later := now.AddDate(8, 0, 0)
	subject, fresh := lifecycle.Decide(s.policy, s.load(t), nil, later)
	if len(fresh) == 0 {
		t.Fatal("got no further deletion")
	}
	s.save(t, subject)
	s.drain(t)
	s.drain(t)
	if !slices.ContainsFunc(s.wire.events, func(e *stream.Event) bool { return e.ID == first && e.Data.Replay != nil }) {
		t.Errorf("got %d events, want the held deletion once more", len(s.wire.events))
	}
}
