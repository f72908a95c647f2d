package background_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// Since visits all events that are on the wire.
func (w *wire) Since(_ context.Context, _ time.Time, visit func(*stream.Event) error) error {
	for _, e := range w.events {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) recovery() *background.Recovery {
	a := apply.New(apply.Options{
		Store: s.store, Vault: s.vault, Policy: s.policy, Outbox: s.Relay, Now: func() time.Time { return now },
	})
	return &background.Recovery{
		Since: s.wire.Since, Store: s.store, Review: a.Review, Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler),
	}
}

// TestRecover_ADecisionThatNobodyRecordedIsRetracted: a deletion is published, and in the same moment another replica
// applies news that retract it. The relay is killed before it can record the publication.
func TestRecover_ADecisionThatNobodyRecordedIsRetracted(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	before := s.load(t)
	s.drain(t)
	deletion := s.wire.events[0]
	lost, _ := lifecycle.Decide(s.policy, before, []fact.Fact{newFact(fact.KindSale, 0)}, now)
	lost.Version = s.load(t).Version
	s.save(t, lost)
	if n := notice.Find(s.load(t).Notices, deletion.ID); n != nil {
		t.Fatalf("got %+v, want no record of the publication", n)
	}
	for _, want := range []int{1, 0} {
		if n, err := s.recovery().Recover(t.Context()); n != want || err != nil {
			t.Errorf("got %d recovered decisions and %v, want %d", n, err, want)
		}
	}
	s.drain(t)
	n := notice.Find(s.load(t).Notices, deletion.ID)
	if n == nil || len(n.Retractions) != 1 {
		t.Errorf("got the notice %+v, want one of which a part is retracted", n)
	}
	last := s.wire.events[len(s.wire.events)-1]
	if last.Data.Retract == nil || last.Data.Retract.Decision != deletion.ID {
		t.Errorf("got %+v, want the retraction of %s", last.Data, deletion.ID)
	}
}

// TestRecover_LeavesRecordedDecisionsAlone: what was published and recorded is no finding.
func TestRecover_LeavesRecordedDecisionsAlone(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSale, 4))
	s.drain(t)
	version := s.load(t).Version
	if n, err := s.recovery().Recover(t.Context()); n != 0 || err != nil || s.load(t).Version != version {
		t.Errorf("got %d recovered decisions, %v and version %d, want none and %d", n, err, s.load(t).Version, version)
	}
}

// TestRun_RecoversAfterAPublicationWithoutAnAnswer: the broker takes a deletion and its answer is lost, while another
// replica applies news that retract the deletion. The relay goes on, and the deletion is retracted for those who read
// it, without a restart.
func TestRun_RecoversAfterAPublicationWithoutAnAnswer(t *testing.T) {
	s := newScene(t)
	s.decided(t, newFact(fact.KindSignup, 5), newFact(fact.KindUnsubscribe, 1))
	s.wire.silent = true
	s.wire.before = func() {
		lost, _ := lifecycle.Decide(s.policy, s.load(t), []fact.Fact{newFact(fact.KindSale, 0)}, now)
		s.save(t, lost)
	}
	if _, err := s.Drain(t.Context()); err == nil {
		t.Fatal("a publication without an answer is no error")
	}
	s.wire.silent, s.wire.before = false, nil
	deletion := s.wire.events[0]
	s.drain(t)
	if n := notice.Find(s.load(t).Notices, deletion.ID); n != nil {
		t.Fatalf("got %+v, want no record of the publication", n)
	}
	select {
	case <-s.unrecorded:
	default:
		t.Fatal("nobody is told of a publication that may be without a record")
	}
	r, wake := s.recovery(), make(chan struct{}, 1)
	r.Wake, r.Pause = wake, time.Millisecond
	recovered := r.Since
	asked := make(chan struct{}, 10)
	r.Since = func(ctx context.Context, at time.Time, visit func(*stream.Event) error) error {
		asked <- struct{}{}
		if len(asked) == 1 { // at the start, before the publication
			return nil
		}
		return recovered(ctx, at, visit)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { stop(); <-done }()
	wake <- struct{}{}
	isRetracted := func(ctx context.Context) (bool, error) {
		s.drain(t)
		// A review that loses against the relay is left to the sweeper.
		if _, err := r.Review(ctx, []string{s.load(t).ID}); err != nil {
			return false, err
		}
		n := notice.Find(s.load(t).Notices, deletion.ID)
		return n != nil && len(n.Retractions) == 1, nil
	}
	waiting, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := loop.Poll(waiting, "await the retraction", 5*time.Millisecond, isRetracted); err != nil {
		t.Errorf("%v: got the notice %+v, want one of which a part is retracted",
			err, notice.Find(s.load(t).Notices, deletion.ID))
	}
}
