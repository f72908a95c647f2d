package brake_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// machine is a machine whose clocks the test sets, with subjects and a sweeper.
type machine struct {
	t       *testing.T
	store   *sqlitestore.Store
	policy  *rules.Policy
	wall    time.Time
	elapsed time.Duration
	clock   *brake.Clock
	brake   *brake.Brake
	sweeper *background.Sweeper
}

var begin = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func newMachine(t *testing.T, persons int) *machine {
	t.Helper()
	m := &machine{t: t, store: lifecycletest.Store(t), policy: lifecycletest.Policy(t), wall: begin}
	m.start()
	var changes []store.Change
	for i := range persons {
		at := begin.Add(-time.Hour)
		f := fact.Fact{
			ID: fmt.Sprint("f", i), Kind: fact.KindSale, Occurred: at, Received: at,
			Ref: fmt.Sprint("order-", i), PerformanceAwaited: i%2 == 0,
		}
		s, _ := lifecycle.Decide(m.policy, lifecycle.Subject{ID: fmt.Sprintf("s%04d", i)}, []fact.Fact{f}, begin)
		s.Outbox, s.Notes = nil, nil
		changes = append(changes, store.Change{Subject: s})
	}
	errs, err := m.store.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
	return m
}

// start starts the program on the machine.
func (m *machine) start() {
	m.t.Helper()
	m.clock = brake.NewClock(brake.ClockOptions{
		Wall: func() time.Time { return m.wall }, Elapsed: func() time.Duration { return m.elapsed },
	})
	a := apply.New(apply.Options{
		Store: m.store, Vault: lifecycletest.Vault(m.t), Policy: m.policy, Now: m.clock.Now,
	})
	var err error
	m.brake, err = brake.New(m.t.Context(), brake.Options{
		Clock: m.clock, Store: m.store, Previewer: a, Revision: m.policy.Revision, LimitPercent: 1,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.sweeper = background.NewSweeper(background.SweeperOptions{
		Store: m.store, Reviewer: a, Revision: m.policy.Revision, Now: m.clock.Now, Open: m.brake.Open,
	})
}

// sweep sweeps, and checks the reason why nothing is deleted, and whether anything was.
func (m *machine) sweep(want brake.Reason, deletes bool) {
	m.t.Helper()
	before := m.deleted()
	if _, err := m.sweeper.Sweep(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	if got := m.brake.Status().Reason; got != want {
		m.t.Errorf("at %s the reason is %q, want %q", m.wall, got, want)
	}
	if got := m.deleted() > before; got != deletes {
		m.t.Errorf("at %s something was deleted: %v, want %v", m.wall, got, deletes)
	}
}

// deleted counts the persons with a deletion to publish.
func (m *machine) deleted() int {
	m.t.Helper()
	n := 0
	err := store.Walk(m.t.Context(), m.store, func(s *lifecycle.Subject) error {
		for i := range s.Outbox {
			if s.Outbox[i].Delete != nil {
				n++
				break
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// pass lets time pass on both clocks.
func (m *machine) pass(d time.Duration) {
	m.wall, m.elapsed = m.wall.Add(d), m.elapsed+d
}

const days = 24 * time.Hour

// TestBrake_AJumpAheadDeletesNobody: five years ahead for seconds, while the program runs and over a start.
func TestBrake_AJumpAheadDeletesNobody(t *testing.T) {
	m := newMachine(t, 1000)
	m.sweep(brake.ReasonNone, false)
	m.wall = m.wall.AddDate(5, 0, 0)
	m.sweep(brake.ReasonAhead, false)
	if got := m.clock.Now(); !got.Equal(begin) {
		t.Errorf("facts are evaluated at %s, want %s", got, begin)
	}
	m.elapsed += 3 * time.Second
	m.clock.Received(m.wall)
	m.sweep(brake.ReasonAhead, false)
	m.start()
	m.sweep(brake.ReasonAhead, false)
	m.wall = begin.Add(time.Minute)
	m.start()
	m.sweep(brake.ReasonNone, false)
}

// TestBrake_AJumpBackStops: a clock before what was recorded, also over a start.
func TestBrake_AJumpBackStops(t *testing.T) {
	m := newMachine(t, 1000)
	m.pass(time.Hour)
	m.sweep(brake.ReasonNone, false)
	m.wall = m.wall.AddDate(-1, 0, 0)
	m.sweep(brake.ReasonBehind, false)
	m.start()
	m.sweep(brake.ReasonBehind, false)
	m.wall = begin.Add(2 * time.Hour)
	m.sweep(brake.ReasonNone, false)
	m.clock.Received(m.wall.AddDate(0, 0, 3))
	m.sweep(brake.ReasonBehind, false)
	m.clock.Received(m.wall)
	m.sweep(brake.ReasonNone, false)
	m.clock.Received(m.wall.AddDate(0, 0, 3))
	m.sweep(brake.ReasonBehind, false)
	if _, err := m.brake.Approve(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.sweep(brake.ReasonNone, false)
}

// TestBrake_ManyAtOnceWaitForOneApproval: what has lapsed by the approval goes, and the next wave waits again.
func TestBrake_ManyAtOnceWaitForOneApproval(t *testing.T) {
	m := newMachine(t, 1000)
	m.sweep(brake.ReasonNone, false)
	m.pass(30 * days)
	m.sweep(brake.ReasonMany, false)
	if got := m.brake.Status(); got.Impact == nil || got.Impact.Persons != 500 || got.Subjects != 1000 {
		t.Errorf("got %+v, want 500 of 1000 persons", got.Impact)
	}
	m.pass(time.Hour)
	m.sweep(brake.ReasonMany, false)
	before, err := m.brake.Approve(t.Context())
	if err != nil || before.Reason != brake.ReasonMany {
		t.Fatalf("approve: %+v, %v", before, err)
	}
	m.sweep(brake.ReasonNone, true)
	m.pass(6 * 365 * days)
	m.sweep(brake.ReasonMany, false)
}

// TestBrake_AFewNeedNoApproval: time goes on in a small shop.
func TestBrake_AFewNeedNoApproval(t *testing.T) {
	m := newMachine(t, brake.Few)
	m.sweep(brake.ReasonNone, false)
	m.pass(30 * days)
	m.sweep(brake.ReasonNone, true)
}

// TestBrake_AStartAfterALongPauseWaits: also in a small shop.
func TestBrake_AStartAfterALongPauseWaits(t *testing.T) {
	m := newMachine(t, 5)
	m.sweep(brake.ReasonNone, false)
	m.wall = m.wall.Add(6 * days)
	m.start()
	m.sweep(brake.ReasonNone, false)
	m.wall = m.wall.Add(30 * days)
	m.start()
	m.sweep(brake.ReasonAhead, false)
	if !m.brake.Holds() {
		t.Error("deletions may be published")
	}
	if _, err := m.brake.Approve(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.sweep(brake.ReasonNone, true)
	if m.brake.Holds() {
		t.Error("deletions are held back after the approval")
	}
}

// TestClock_SmallStepsAreBelieved: the clock of a machine is corrected, and a machine sleeps.
func TestClock_SmallStepsAreBelieved(t *testing.T) {
	m := newMachine(t, 1)
	for _, step := range []time.Duration{time.Second, -4 * time.Minute, 20 * time.Hour, time.Hour, 23 * time.Hour} {
		m.wall = m.wall.Add(step)
		if now, _, state := m.clock.Read(); state != brake.Believed || !now.Equal(m.wall) {
			t.Errorf("after a step of %s the clock is %s and gives %s, want %s", step, state, now, m.wall)
		}
		m.clock.Believe(m.wall)
	}
}
