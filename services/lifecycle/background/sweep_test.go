package background_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// sweepScene is a sweeper over a real store whose time the test sets.
type sweepScene struct {
	*background.Sweeper
	store  *sqlitestore.Store
	policy *rules.Policy
	now    time.Time
}

func newSweepScene(t *testing.T) *sweepScene {
	t.Helper()
	st, p := lifecycletest.Store(t), lifecycletest.Policy(t)
	s := &sweepScene{store: st, policy: p, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	a := apply.New(apply.Options{Store: st, Policy: p, Vault: nil, Now: clock})
	s.Sweeper = background.NewSweeper(background.SweeperOptions{Store: st, Reviewer: a, Revision: p.Revision, Now: clock})
	return s
}

// talks stores n persons who asked for an offer now.
func (s *sweepScene) talks(t *testing.T, n int, revision string) {
	t.Helper()
	changes := make([]store.Change, n)
	for i := range changes {
		f := fact.Fact{ID: "f", Kind: fact.KindNegotiationOpened, Occurred: s.now, Received: s.now, Ref: "talk"}
		subject, _ := lifecycle.Decide(s.policy, lifecycle.Subject{ID: fmt.Sprintf("p%04d", i)}, []fact.Fact{f}, s.now)
		if revision != "" {
			subject.Revision = revision
		}
		changes[i].Subject = subject
	}
	errs, err := s.store.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
}

func (s *sweepScene) sweep(t *testing.T, want int) {
	t.Helper()
	if n, err := s.Sweep(t.Context()); n != want || err != nil {
		t.Errorf("at %s: reviewed %d, %v, want %d", s.now, n, err, want)
	}
}

func TestSweep_DecidesAtTheInstantOfTheLapseAndNotBefore(t *testing.T) {
	s := newSweepScene(t)
	s.talks(t, 1200, "")
	s.now = time.Date(2026, 9, 1, 21, 59, 59, 0, time.UTC)
	s.sweep(t, 0)
	s.now = time.Date(2026, 9, 1, 22, 0, 0, 0, time.UTC) // the day ends in Warsaw
	s.sweep(t, 1200)
	s.sweep(t, 0)
	pending, err := s.store.Pending(t.Context(), "", 2000)
	if err != nil || len(pending) != 1200 {
		t.Errorf("%d persons have something to send, %v", len(pending), err)
	}
}

func TestSweep_AnotherPolicyDecidesAgain(t *testing.T) {
	s := newSweepScene(t)
	s.talks(t, 3, "old")
	s.sweep(t, 3)
	s.sweep(t, 0)
}

// busy is a reviewer that never gets to write.
type busy struct{ calls int }

func (b *busy) Review(context.Context, []string) (int, error) { b.calls++; return 0, nil }

func TestSweep_LeavesSubjectsThatOthersHoldToTheNextTime(t *testing.T) {
	s := newSweepScene(t)
	s.talks(t, 3, "old")
	b := &busy{}
	sweeper := background.NewSweeper(background.SweeperOptions{Store: s.store, Reviewer: b, Revision: s.policy.Revision})
	if n, err := sweeper.Sweep(t.Context()); n != 0 || err != nil || b.calls != 1 {
		t.Errorf("reviewed %d in %d calls, %v", n, b.calls, err)
	}
}
