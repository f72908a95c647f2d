package brake_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// losing returns persons from a number on, of whom a webhook deletes the contact at an instant.
func losing(from, n int, at time.Time) []lifecycle.Subject {
	out := make([]lifecycle.Subject, n)
	for i := range out {
		d := decision.NewDeletion(fmt.Sprint("dec", from+i), "", at, []stream.Item{{Category: "contact"}}, nil, nil)
		d.At, d.Trace = at, "00-1-2-01"
		out[i] = lifecycle.Subject{ID: fmt.Sprint("n", from+i), Outbox: []decision.Decision{d}}
	}
	return out
}

// weigh weighs persons as the first page, and checks how many wait.
func (m *machine) weigh(subjects []lifecycle.Subject, want int) {
	m.t.Helper()
	waits, err := m.brake.WeighNews(m.t.Context(), subjects, true)
	if err != nil {
		m.t.Fatal(err)
	}
	got := 0
	for _, w := range waits {
		if w {
			got++
		}
	}
	if got != want {
		m.t.Errorf("at %s: got %d persons that wait, want %d", m.wall, got, want)
	}
}

// wait lets time pass on both clocks.
func (m *machine) wait(d time.Duration) { m.wall, m.elapsed = m.wall.Add(d), m.elapsed+d }

func TestNews_ManyAtOnceWaitForOneApproval(t *testing.T) {
	m := newMachine(t, 100)
	m.weigh(losing(0, brake.Few, m.wall), 0)
	m.brake.NotePublished(losing(0, brake.Few, m.wall))
	m.weigh(losing(0, brake.Few, m.wall), 0) // the same persons again
	more := losing(100, 3, m.wall)
	m.weigh(more, 3)
	news := m.brake.Status().News
	if news == nil || news.Persons != 3 || news.Items["contact"] != 3 {
		t.Errorf("got %+v, want 3 persons with their contact", news)
	}
	for id, want := range map[string]bool{"n100": true, "n0": false} {
		if got := m.brake.WaitsByNews(&more[0].Outbox[0], id); got != want {
			t.Errorf("%s waits: got %t, want %t", id, got, want)
		}
	}
	m.wait(time.Second)
	if _, err := m.brake.Approve(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.weigh(append(more, losing(200, 30, m.wall.Add(-time.Minute))...), 0)
	if got := m.brake.Status().News; got != nil {
		t.Errorf("got %+v, want nothing that waits", got)
	}
	m.weigh(losing(300, 30, m.wall.Add(time.Second)), 30) // news after the approval
}

func TestNews_FewInAnHourNeedNobody(t *testing.T) {
	m := newMachine(t, 100)
	for i := range 5 {
		m.weigh(losing(100*i, brake.Few, m.wall), 0)
		m.brake.NotePublished(losing(100*i, brake.Few, m.wall))
		m.wait(time.Hour + time.Second)
	}
}

func TestNews_AShareBelowTheLimitNeedsNobody(t *testing.T) {
	m := newMachine(t, 2200)
	m.weigh(losing(0, 22, m.wall), 0)
	m.weigh(losing(0, 23, m.wall), 23)
}

func TestNews_ARequestForErasureAndThePassingOfTimeDoNotWait(t *testing.T) {
	m := newMachine(t, 100)
	subjects := losing(0, 60, m.wall)
	for i := range 30 {
		subjects[i].Facts = []fact.Fact{{ID: "e", Kind: fact.KindErasure, Occurred: m.wall, Received: m.wall}}
	}
	for i := 30; i < 33; i++ {
		subjects[i].Outbox[0].Trace = "" // decided by a review, which the brake weighs before
	}
	m.weigh(subjects, 27)
}
