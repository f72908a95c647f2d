package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
)

func TestLane_ARecipientDownForHoursGetsEverythingInOrder(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(10, 5)
		s.answers(failing(errors.New("the answer was 500")))
		s.start()
		time.Sleep(5 * time.Hour)
		if st := s.lane.Status(); st.State != delivery.StateCircuitOpen || st.Held != 50 ||
			time.Since(st.Since) < 4*time.Hour {
			t.Errorf("got %+v", st)
		}
		tried := len(s.called())
		if tried < 60 || tried > 400 {
			t.Errorf("%d calls in 5 hours", tried)
		}
		s.answers(nil)
		if took := s.settles(time.Hour); took > 6*time.Minute {
			t.Errorf("it took %s after it was back", took)
		}
		s.inOrder()
		if got := len(s.told()); got != 50 {
			t.Errorf("%d receipts", got)
		}
		if st := s.lane.Status(); st.State != delivery.StateOK || st.LastError != "the answer was 500" {
			t.Errorf("got %+v", st)
		}
		if log := s.log.String(); strings.Count(log, "does not accept decisions") != 1 ||
			strings.Count(log, "the recipient accepts decisions again") != 1 {
			t.Errorf("the log says:\n%s", log)
		}
	})
}

func TestLane_AnOpenCircuitLetsOneThroughAtATime(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(20, 1)
		s.answers(failing(errors.New("the answer was 503")))
		s.start()
		time.Sleep(time.Minute)
		s.mu.Lock()
		s.most, s.calls = 0, nil
		s.mu.Unlock()
		s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) {
			time.Sleep(10 * time.Second)
			return dispatch.Answer{}, errors.New("the answer was 503")
		})
		for i := range 720 { // others come meanwhile
			s.queue.put(fmt.Sprintf("e%03d", i), fmt.Sprint("q", i))
			time.Sleep(5 * time.Second)
		}
		if n := s.atOnce(); n != 1 {
			t.Errorf("%d at once", n)
		}
		tried := map[string]bool{}
		for _, c := range s.called() {
			tried[c.id] = true
		}
		if len(tried) < 10 {
			t.Errorf("only %d decisions were tried: one of them may be at fault itself", len(tried))
		}
	})
}

func TestLane_GivesUpAfterThreeDaysInTheStream(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.queue.putAt("old", "ala", time.Now().Add(-48*time.Hour))
		s.queue.put("new", "ala")
		s.queue.put("other", "ewa")
		s.answers(failing(errors.New("ala@leak.example answered\n500")))
		s.start()
		time.Sleep(12 * time.Hour)
		s.fleet.Close()
		s.start() // a restart does not begin anew
		time.Sleep(11*time.Hour + 55*time.Minute)
		if got := s.told(); len(got) != 0 {
			t.Fatalf("given up too early: %+v", got)
		}
		time.Sleep(10 * time.Minute)
		got := s.told()
		if len(got) != 1 || got[0].Decision != "old" || got[0].Outcome != stream.OutcomeFailed ||
			got[0].Reason != "no delivery succeeded for 3 days; last error: … answered 500" {
			t.Fatalf("got %+v", got)
		}
		s.settles(49 * time.Hour)
		if got := s.told(); len(got) != 3 ||
			got[2].At.Sub(time.Date(2000, 1, 4, 0, 0, 0, 0, time.UTC)).Abs() > 10*time.Minute {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLane_TriesOnceWhatIsOldWhenItComes(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.queue.putAt("old", "ala", time.Now().Add(-10*24*time.Hour))
		s.start()
		s.settles(time.Minute)
		if got := s.told(); len(got) != 1 || got[0].Outcome != stream.OutcomeSent {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLane_WaitsAsLongAsItIsAsked(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		10 * time.Minute: 10 * time.Minute, 1000 * time.Hour: 6 * time.Hour,
	} {
		virtual(t, func(t *testing.T, s *scene) {
			s.queue.put("d1", "ala")
			s.answers(failing(fmt.Errorf("send: %w", &dispatch.Wait{After: asked, Err: errors.New("the answer was 429")})))
			s.start()
			time.Sleep(time.Second)
			s.answers(nil)
			s.settles(7 * time.Hour)
			calls := s.called()
			if gap := calls[1].at.Sub(calls[0].at); len(calls) != 2 || gap < want || gap > want+time.Second {
				t.Errorf("asked for %s: %d calls, %s apart", asked, len(calls), gap)
			}
		})
	}
}

func TestLane_WaitsAsLongAsItIsAskedWhenTheRecipientIsBackBefore(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(8, 1)
		s.answers(func(_ context.Context, e *stream.Event) (dispatch.Answer, error) {
			if e.ID == "d000-0" {
				return dispatch.Answer{}, &dispatch.Wait{After: 30 * time.Minute, Err: errors.New("the answer was 429")}
			}
			return dispatch.Answer{}, errors.New("the answer was 500")
		})
		s.start()
		time.Sleep(time.Minute)
		if st := s.lane.Status(); st.State != delivery.StateCircuitOpen {
			t.Fatalf("got %+v", st)
		}
		s.answers(nil)
		s.settles(time.Hour)
		var first, second time.Time
		for _, c := range s.called() {
			if c.id == "d000-0" {
				first, second = second, c.at
			}
		}
		if gap := second.Sub(first); gap < 30*time.Minute {
			t.Errorf("it was left alone for %s", gap)
		}
	})
}

func TestLane_APoisonDecisionHoldsUpNobodyElse(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.opts.InFlight = 1
		s.queue.put("d1", "poison")
		s.queue.put("d2", "poison")
		s.answers(func(_ context.Context, e *stream.Event) (dispatch.Answer, error) {
			if e.ID == "d1" {
				return dispatch.Answer{}, errors.New("the answer was 500")
			}
			return dispatch.Answer{Outcome: stream.OutcomeDone}, nil
		})
		s.start()
		for i := range 100 {
			s.queue.put(fmt.Sprintf("e%03d", i), fmt.Sprint("p", i))
			time.Sleep(time.Minute)
		}
		if got := len(s.told()); got != 100 {
			t.Errorf("%d of 100 others got through", got)
		}
		if st := s.lane.Status(); st.State != delivery.StateWaiting || st.Held != 2 {
			t.Errorf("got %+v", st)
		}
		s.settles(4 * 24 * time.Hour)
		told := s.told()
		if last := told[len(told)-1]; last.Decision != "d2" || last.Outcome != stream.OutcomeDone {
			t.Errorf("what came after the poison: %+v", last)
		}
		if failed := told[len(told)-2]; failed.Decision != "d1" || failed.Outcome != stream.OutcomeFailed {
			t.Errorf("the poison: %+v", failed)
		}
	})
}

func TestLane_OneStuckPersonHoldsUpNobodyElse(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.queue.put("d0", "stuck")
		s.fill(50, 2)
		s.answers(func(ctx context.Context, e *stream.Event) (dispatch.Answer, error) {
			if e.Subject == "stuck" {
				return stuck(ctx, e)
			}
			return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
		})
		s.start()
		synctest.Wait()
		if got := len(s.told()); got != 100 {
			t.Errorf("%d of 100 others got through at once", got)
		}
		time.Sleep(3 * time.Minute)
		if n := len(s.called()); n != 102 {
			t.Errorf("%d calls: a call must end", n)
		}
	})
}

func TestLane_KeepsToTheCallsInFlight(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(30, 3)
		s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) {
			time.Sleep(time.Second)
			return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
		})
		s.start()
		took := s.settles(time.Hour)
		if n := s.atOnce(); n != 4 || took < 22*time.Second || took > 26*time.Second {
			t.Errorf("%d at once, in %s", n, took)
		}
		s.inOrder()
	})
}

func TestLane_IsStoppedByGoneAndGoesOnWhenEnabled(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.fill(3, 2)
		s.answers(failing(fmt.Errorf("send: %w", dispatch.ErrGone)))
		s.start()
		time.Sleep(10 * 24 * time.Hour)
		if n := len(s.called()); n > 4 || s.queue.left() != 6 || len(s.told()) != 0 {
			t.Errorf("%d calls, %d left, %d receipts", n, s.queue.left(), len(s.told()))
		}
		if st := s.lane.Status(); st.State != delivery.StateDisabled || !strings.Contains(s.log.String(), "level=WARN") {
			t.Errorf("got %+v\n%s", st, s.log)
		}
		s.answers(nil)
		s.turn(false)
		s.settles(time.Minute)
		s.inOrder()
	})
}

func TestLane_AConnectorThatBreaksDownHasFailed(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.queue.put("d1", "ala")
		s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) { panic("ala@leak.example") })
		s.start()
		time.Sleep(time.Second)
		s.answers(nil)
		s.settles(time.Hour)
	})
}

func TestLane_SaysWhatTheRecipientAnswered(t *testing.T) {
	virtual(t, func(t *testing.T, s *scene) {
		s.opts.Now = func() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) }
		s.queue.put("d1", "ala")
		s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) {
			return dispatch.Answer{
				Outcome:    stream.OutcomePartial,
				Categories: map[string]string{"invoice": "held"},
				Reason:     "kept for ala@leak.example " + strings.Repeat("ż", 400),
			}, nil
		})
		s.start()
		s.settles(time.Minute)
		r := s.told()[0]
		if r.id != "d1:crm:partial" || r.Recipient != "crm" || r.Categories["invoice"] != "held" ||
			!r.At.Equal(s.opts.Now()) ||
			!strings.HasPrefix(r.Reason, "kept for … ż") ||
			len([]rune(r.Reason)) != 300 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestLane_OneDeadOfAThousandAddsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fleet delivery.Fleet
		var queues []*queue
		var sent atomic.Int64
		for i := range 1000 {
			s := newScene(t)
			if i == 500 {
				s.answers(stuck)
			} else {
				s.answers(func(context.Context, *stream.Event) (dispatch.Answer, error) {
					sent.Add(1)
					return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
				})
			}
			s.fill(2, 2)
			fleet.Add(delivery.New(s.opts), s.queue)
			queues = append(queues, s.queue)
		}
		fleet.Start(t.Context())
		synctest.Wait() // no time passes
		if sent.Load() != 999*4 || queues[500].left() != 4 || queues[999].left() != 0 {
			t.Errorf("%d sent, %d left at the dead", sent.Load(), queues[500].left())
		}
		fleet.Close()
	})
}

// TestLane_WhateverHappensEverythingComesInOrder lets calls, receipts, acknowledgements
// and claims fail at random, and the process with them.
func TestLane_WhateverHappensEverythingComesInOrder(t *testing.T) {
	for seed := range uint64(30) {
		virtual(t, func(t *testing.T, s *scene) {
			chance := rand.New(rand.NewPCG(seed, 1))
			roll := func(n int) int {
				s.mu.Lock()
				defer s.mu.Unlock()
				return chance.IntN(n)
			}
			s.fill(7, 6)
			s.answers(func(ctx context.Context, _ *stream.Event) (dispatch.Answer, error) {
				time.Sleep(time.Duration(roll(3000)) * time.Millisecond)
				if roll(3) == 0 || ctx.Err() != nil {
					return dispatch.Answer{}, errors.New("the answer was 500")
				}
				return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
			})
			s.publish = func(context.Context) error { // called under the lock
				if chance.IntN(4) == 0 {
					return errors.New("no responders")
				}
				return nil
			}
			s.start()
			for range 20 {
				time.Sleep(time.Duration(roll(20000)) * time.Millisecond)
				switch roll(3) {
				case 0:
					s.fleet.Close()
					s.start()
				case 1:
					s.queue.lose <- struct{}{}
				}
			}
			s.settles(24 * time.Hour)
			s.inOrder()
			for _, m := range s.queue.msgs {
				if m.acked != 1 {
					t.Errorf("seed %d: %s was acknowledged %d times", seed, m.Event.ID, m.acked)
				}
			}
		})
	}
}
