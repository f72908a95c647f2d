package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
)

// standing is the answer of lifecycle to every check.
type standing struct{ stream.Standing }

func (s standing) Check(context.Context, *stream.Event) (*stream.Standing, error) {
	return &s.Standing, nil
}

func refusing(ids ...string) func(context.Context, *stream.Event) (dispatch.Answer, error) {
	return func(_ context.Context, e *stream.Event) (dispatch.Answer, error) {
		if slices.Contains(ids, e.ID) {
			return dispatch.Answer{}, &dispatch.RefusalError{Err: errors.New("the answer was 400")}
		}
		return dispatch.Answer{Outcome: stream.OutcomeDone}, nil
	}
}

// TestLane_ARefusedDecisionHoldsUpThePersonForAnHour: later decisions about the person are not lost behind a
// decision that can never succeed.
func TestLane_ARefusedDecisionHoldsUpThePersonForAnHour(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.queue.put("d1", "poison")
		s.queue.put("d2", "poison")
		s.queue.put("e1", "alone")
		s.answers(refusing("d1", "e1"))
		s.start()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		told := s.told()
		if len(told) != 2 || told[0].Decision != "d1" || told[0].Outcome != stream.OutcomeFailed ||
			told[1].Decision != "d2" || told[1].Outcome != stream.OutcomeDone {
			t.Errorf("got %+v, want d1 failed and d2 done", told)
		}
		if left := s.queue.left(); left != 1 {
			t.Errorf("got %d decisions left, want the one that holds up nobody", left)
		}
		s.inOrder()
	})
}

// TestLane_RefusalsOpenNoCircuit: a recipient that answers is not away.
func TestLane_RefusalsOpenNoCircuit(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		ids := make([]string, 20)
		for i := range ids {
			ids[i] = fmt.Sprint("d", i)
			s.queue.put(ids[i], fmt.Sprint("p", i))
		}
		s.answers(refusing(ids...))
		s.start()
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := s.lane.Status(); st.State != delivery.StateWaiting {
			t.Errorf("got %s, want %s", st.State, delivery.StateWaiting)
		}
	})
}

// TestLane_LooksAgainAndKnowsWhatIsRetained: the answer of the check reaches the connector, and the date of the
// connector reaches the receipt.
func TestLane_LooksAgainAndKnowsWhatIsRetained(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		e := &stream.Event{SpecVersion: "1.0", ID: "d1", Subject: "ala", Data: stream.Decision{
			Kind: stream.KindDelete, Recipients: []string{"crm"},
			Delete: &stream.Delete{Scope: "part", Items: []stream.Item{{Category: "contact"}}},
		}}
		again := time.Now().Add(24 * time.Hour).UTC()
		s.opts.Checker = standing{stream.Standing{
			State: stream.StateStanding, Scope: "part", Items: e.Data.Delete.Items,
			Retained: []stream.RetainedItem{{Item: stream.Item{Category: "order", Ref: "r", Names: []string{"n"}}}},
		}}
		s.queue.putEvent(e, time.Now())
		s.answers(func(ctx context.Context, _ *stream.Event) (dispatch.Answer, error) {
			if items, known := dispatch.Retained(ctx); !known || len(items) != 1 || items[0].Names[0] != "n" {
				t.Errorf("got %+v, %t, want the items of the check", items, known)
			}
			return dispatch.Answer{Outcome: stream.OutcomeHeld, LookAgain: &again}, nil
		})
		s.start()
		s.settles(time.Minute)
		if told := s.told(); len(told) != 1 || told[0].LookAgain == nil || !told[0].LookAgain.Equal(again) {
			t.Errorf("got %+v, want a receipt with %s", told, again)
		}
	})
}
