package loop_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

func TestWorker_RunsAtItsIntervalAndBacksOffAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		start := time.Now()
		var runs []time.Duration
		w := loop.Worker{
			Failure: "work failed", Every: time.Second, Log: slog.New(slog.DiscardHandler),
			Do: func(context.Context) error {
				runs = append(runs, time.Since(start))
				if len(runs) == 40 {
					stop()
				}
				if len(runs) > 2 {
					return errors.New("away")
				}
				return nil
			},
		}
		w.Run(ctx)
		if runs[1] != time.Second || runs[2] != 2*time.Second {
			t.Errorf("got runs at %v, want one a second while nothing fails", runs[:3])
		}
		for i := 4; i < len(runs); i++ {
			if wait := runs[i] - runs[i-1]; wait > 8*time.Second {
				t.Errorf("run %d waited %s, more than the bound with jitter", i, wait)
			}
		}
		if last := runs[39] - runs[38]; last < 2*time.Second {
			t.Errorf("after 37 failures the wait is %s: the backoff does not grow", last)
		}
	})
}

func TestWorker_WakeStartsARunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		wake := make(chan struct{}, 1)
		start, runs := time.Now(), 0
		w := loop.Worker{
			Failure: "f",
			Every:   time.Hour,
			Wake:    wake,
			Log:     slog.New(slog.DiscardHandler),
			Do: func(context.Context) error {
				if runs++; runs == 2 {
					stop()
				}
				wake <- struct{}{}
				return nil
			},
		}
		w.Run(ctx)
		if waited := time.Since(start); runs != 2 || waited != 0 {
			t.Errorf("got %d runs within %s, want 2 at once", runs, waited)
		}
	})
}

func TestPoll_EndsWithTheResultTheErrorOrTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		count := func(context.Context) (bool, error) { n++; return n == 3, nil }
		start := time.Now()
		if err := loop.Poll(t.Context(), "settle", time.Second, count); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("got %v after %s, want nil after 2s", err, time.Since(start))
		}
		broken := errors.New("broken")
		err := loop.Poll(t.Context(), "settle", time.Second, func(context.Context) (bool, error) { return false, broken })
		if !errors.Is(err, broken) || err.Error() != "settle: broken" {
			t.Errorf("got %v, want settle: %v", err, broken)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		err = loop.Poll(ctx, "settle", time.Second, func(context.Context) (bool, error) { return false, nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestRetry_EndsAtAFinalErrorOrAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, final := errors.New("away"), errors.New("final")
		passing := func(err error) bool { return errors.Is(err, away) }
		n := 0
		err := loop.Retry(t.Context(), time.Second, time.Minute, passing, func() error {
			if n++; n < 3 {
				return away
			}
			return final
		})
		if !errors.Is(err, final) || n != 3 {
			t.Errorf("got %v after %d calls, want %v after 3", err, n, final)
		}
		start := time.Now()
		err = loop.Retry(t.Context(), time.Second, time.Minute, passing, func() error { return away })
		if took := time.Since(start); !errors.Is(err, away) || took < 50*time.Second || took > time.Minute {
			t.Errorf("got %v after %s, want %v after about a minute", err, took, away)
		}
	})
}
