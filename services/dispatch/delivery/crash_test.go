package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

func TestCrash_BetweenSendingAndTheReceipt(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(1, 2)
		s.publish = func(context.Context) error { return errors.New("no responders") }
		s.start()
		time.Sleep(time.Minute)
		if len(s.called()) != 1 || s.queue.left() != 2 {
			t.Fatalf("%d calls, %d left: nothing goes on before the receipt", len(s.called()), s.queue.left())
		}
		s.fleet.Close()
		s.mu.Lock()
		s.publish = nil
		s.mu.Unlock()
		s.start()
		s.settles(time.Minute)
		calls := s.called()
		if len(calls) != 3 || calls[0].id != calls[1].id || len(s.told()) != 2 {
			t.Errorf("got %+v and %+v", calls, s.told())
		}
		s.inOrder()
	})
}

func TestCrash_BetweenTheReceiptAndTheAcknowledgement(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		e := &stream.Event{SpecVersion: "1.0", ID: "d1", Subject: "ala", Data: stream.Decision{
			Kind: "delete", Recipients: []string{"crm"}, Replay: &stream.Replay{At: time.Unix(17, 0)},
		}}
		s.queue.putEvent(e, time.Now())
		s.queue.crash = true
		s.start()
		time.Sleep(time.Minute)
		s.fleet.Close()
		s.queue.crash = false
		s.start()
		s.settles(time.Minute)
		told := s.told()
		if len(told) != 2 || told[0].id != told[1].id || told[0].id != "d1:crm:sent:17000000000" {
			t.Errorf("got %+v", told)
		}
	})
}

func TestCrash_WhileACallIsUnderWay(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(1, 2)
		s.answers(stuck)
		s.start()
		time.Sleep(time.Second)
		begin := time.Now()
		s.fleet.Close()
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("stopping took %s: calls get 5 seconds", took)
		}
		s.answers(nil)
		s.start()
		s.settles(time.Minute)
		if calls := s.called(); len(calls) != 3 || calls[1].id != calls[0].id {
			t.Errorf("got %+v", calls)
		}
	})
}

func TestStop_LetsCallsEnd(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(4, 2)
		s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) {
			time.Sleep(3 * time.Second)
			return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
		})
		s.start()
		time.Sleep(time.Second)
		s.fleet.Close()
		if len(s.called()) != 4 || len(s.told()) != 4 || s.queue.left() != 4 {
			t.Errorf("%d calls, %d receipts, %d left", len(s.called()), len(s.told()), s.queue.left())
		}
	})
}

func TestLost_CutsOffCallsAndGoesOnInOrder(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(2, 3)
		s.answers(stuck)
		s.start()
		time.Sleep(time.Second)
		s.answers(nil)
		s.queue.lose <- struct{}{}
		s.settles(time.Minute)
		if n := len(s.called()); n != 8 {
			t.Errorf("%d calls", n)
		}
		s.inOrder()
	})
}

func TestLost_LeavesToOthersWhatIsTheirs(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(2, 3)
		s.answers(stuck)
		s.start()
		time.Sleep(time.Second)
		s.answers(nil)
		s.queue.mu.Lock()
		for _, m := range s.queue.msgs {
			m.acked++ // by another process
		}
		s.queue.mu.Unlock()
		s.queue.lose <- struct{}{}
		time.Sleep(time.Minute)
		if n := len(s.called()); n != 2 || len(s.told()) != 0 {
			t.Errorf("%d calls, %d receipts", n, len(s.told()))
		}
		if st := s.lane.Status(); st.Held != 0 {
			t.Errorf("got %+v", st)
		}
	})
}
