package delivery_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

// truth is what lifecycle answers about decisions.
type truth struct {
	mu     sync.Mutex
	err    error
	states map[string]stream.State
	asked  int
}

func (c *truth) Check(_ context.Context, e *stream.Event) (*stream.Standing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.err != nil {
		return nil, c.err
	}
	st := &stream.Standing{State: c.states[e.ID], At: time.Now()}
	if st.State == "" {
		st.State = stream.StateStanding
	}
	if d := e.Data.Delete; d != nil {
		st.Items, st.Scope = d.Items, d.Scope
		if st.State == stream.StateNarrowed {
			st.Items, st.Scope = d.Items[1:], "part"
		}
	}
	return st, nil
}

// set is news about a decision.
func (c *truth) set(id string, state stream.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[string]stream.State{}
	}
	c.states[id] = state
}

func (c *truth) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// putRetraction queues the retraction of a decision.
func (q *queue) putRetraction(id, person, decision string) {
	q.putEvent(&stream.Event{SpecVersion: "1.0", ID: id, Subject: person, Data: stream.Decision{
		Kind: stream.KindRetract, Recipients: []string{"crm"}, Retract: &stream.Retract{Decision: decision, Whole: true},
	}}, time.Now())
}

func (s *scene) checkedBy(c *truth) { s.opts.Checker = c }

func (s *scene) calledIDs() []string {
	var ids []string
	for _, c := range s.called() {
		ids = append(ids, c.id)
	}
	return ids
}

func TestLane_DeliversNothingWhileItCannotBeChecked(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{err: errors.New("connection refused")}
		s.checkedBy(c)
		s.fill(2, 2)
		s.start()
		time.Sleep(5 * 24 * time.Hour) // longer than the attempts at a recipient last
		synctest.Wait()
		if n := len(s.called()); n > 0 || len(s.told()) > 0 {
			t.Fatalf("%d deliveries without a check, receipts %v", n, s.told())
		}
		if n := strings.Count(s.log.String(), "nothing is delivered unchecked"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, s.log)
		}
		if st := s.lane.Status(); !strings.Contains(st.LastError, "connection refused") {
			t.Errorf("the status lacks the reason: %+v", st)
		}
		c.fail(nil)
		if took := s.settles(10 * time.Minute); took > 3*time.Minute {
			t.Errorf("deliveries began %s after lifecycle was back", took)
		}
		s.inOrder()
	})
}

func TestLane_ADecisionThatNoLongerHoldsIsNotDelivered(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{}
		s.checkedBy(c)
		s.answers(failing(errors.New("the answer was 500")))
		s.queue.put("d1", "ala")
		s.queue.put("d2", "ola")
		s.start()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		before := len(s.called())
		if before == 0 {
			t.Fatal("nothing was attempted")
		}
		c.set("d1", stream.StateRetracted)
		s.answers(nil)
		s.queue.putRetraction("r1", "ala", "d1")
		s.settles(24 * time.Hour)
		after := s.calledIDs()[before:]
		slices.Sort(after)
		if strings.Join(after, " ") != "d2 r1" { // the recipient may have received d1
			t.Errorf("after the news were delivered: %v", after)
		}
		if !strings.Contains(s.log.String(), "no longer holds") {
			t.Errorf("not logged:\n%s", s.log)
		}
	})
}

func TestLane_ARecipientThatNeverTookADecisionNeedNotKnowOfItsRetraction(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{}
		s.checkedBy(c)
		s.answers(failing(&net.OpError{Op: "dial", Err: errors.New("connection refused")}))
		s.queue.put("d1", "ala")
		s.start()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := len(s.called())
		c.set("d1", stream.StateRetracted)
		s.answers(nil)
		s.queue.putRetraction("r1", "ala", "d1")
		s.settles(24 * time.Hour)
		if after := s.calledIDs()[before:]; len(after) > 0 {
			t.Errorf("delivered %v", after)
		}
		if told := s.told(); len(told) != 1 || told[0].Decision != "r1" || told[0].Outcome != stream.OutcomeDone {
			t.Errorf("receipts %+v", told)
		}
	})
}

func TestLane_OnlyWhatHoldsOfADeletionIsDelivered(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{}
		s.checkedBy(c)
		c.set("d1", stream.StateNarrowed)
		var got *stream.Event
		s.answers(func(_ context.Context, e *stream.Event) (dispatch.Answer, error) {
			got = e
			return dispatch.Answer{Outcome: stream.OutcomeDone}, nil
		})
		s.queue.putEvent(&stream.Event{SpecVersion: "1.0", ID: "d1", Subject: "ala", Data: stream.Decision{
			Kind: stream.KindDelete, Recipients: []string{"crm"}, Delete: &stream.Delete{
				Scope: "person", Items: []stream.Item{{Category: "contact"}, {Category: "order", Ref: "1"}},
			},
		}}, time.Now())
		s.start()
		s.settles(time.Minute)
		if d := got.Data.Delete; d.Scope != "part" || len(d.Items) != 1 || d.Items[0].Category != "order" {
			t.Errorf("delivered %+v", d)
		}
		if told := s.told(); len(told) != 1 || told[0].Narrowed == nil {
			t.Errorf("the receipt does not say that a part was delivered: %+v", told)
		}
	})
}

func TestLane_AnUnknownDecisionIsGivenUpAndNeverDelivered(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{}
		s.checkedBy(c)
		c.set("d1", stream.StateUnknown)
		s.queue.put("d1", "ala")
		s.start()
		if took := s.settles(4 * 24 * time.Hour); took < 3*24*time.Hour {
			t.Errorf("given up after %s", took)
		}
		if told := s.told(); len(s.called()) > 0 || len(told) != 1 || told[0].Outcome != stream.OutcomeFailed {
			t.Errorf("called %v, told %v", s.called(), told)
		}
	})
}

func TestLane_NewsDuringADeliveryStopTheNextCallOfAConnector(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		c := &truth{}
		s.checkedBy(c)
		erased := 0
		s.answers(func(ctx context.Context, _ *stream.Event) (dispatch.Answer, error) {
			for range 3 {
				time.Sleep(10 * time.Second) // the rate limit of the platform
				if err := dispatch.Recheck(ctx); err != nil {
					return dispatch.Answer{}, err
				}
				erased++
			}
			return dispatch.Answer{Outcome: stream.OutcomeDone}, nil
		})
		s.queue.put("d1", "ala")
		s.start()
		time.Sleep(15 * time.Second)
		c.set("d1", stream.StateRetracted)
		s.settles(time.Hour)
		if erased != 1 || len(s.told()) > 0 {
			t.Errorf("%d calls that erase, receipts %v", erased, s.told())
		}
	})
}

// TestLane_EveryCallIsSupportedAtItsInstant lets a recipient fail, news arrive and lifecycle be away at random
// times: no call leaves about a decision that was retracted before, and every decision is settled in the end.
func TestLane_EveryCallIsSupportedAtItsInstant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type event struct {
			after time.Duration
			what  int
		}
		var events []event
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			events = append(events, event{
				time.Duration(rapid.IntRange(0, 3600).Draw(rt, "after")) * time.Second, rapid.IntRange(0, 8).Draw(rt, "what"),
			})
		}
		virtual(t, func(t *testing.T, s *scene) {
			c := &truth{}
			s.checkedBy(c)
			bad := ""
			var mu sync.Mutex
			down := true
			s.answers(func(_ context.Context, e *stream.Event) (dispatch.Answer, error) {
				c.mu.Lock()
				if c.states[e.ID] == stream.StateRetracted {
					bad = e.ID
				}
				c.mu.Unlock()
				mu.Lock()
				defer mu.Unlock()
				if down {
					return dispatch.Answer{}, errors.New("the answer was 500")
				}
				return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
			})
			s.fill(3, 2)
			s.start()
			ids := []string{"d000-0", "d000-1", "d000-2", "d001-0", "d001-1", "d001-2"}
			for _, ev := range events {
				time.Sleep(ev.after)
				synctest.Wait() // an attempt is not cut between its check and its call
				switch {
				case ev.what < len(ids):
					c.set(ids[ev.what], stream.StateRetracted)
				case ev.what == len(ids):
					c.fail(errors.New("connection refused"))
				case ev.what == len(ids)+1:
					c.fail(nil)
				default:
					mu.Lock()
					down = !down
					mu.Unlock()
				}
			}
			c.fail(nil)
			mu.Lock()
			down = false
			mu.Unlock()
			s.settles(4 * 24 * time.Hour)
			if bad != "" {
				rt.Errorf("%s was delivered after its retraction", bad)
			}
			s.inOrder()
		})
	})
}
