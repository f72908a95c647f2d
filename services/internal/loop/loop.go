// Package loop runs background work: one loop with one backoff for every worker of every service.
package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Worker is work that repeats until its context ends.
type Worker struct {
	// Failure is the log message of a failed run, such as "decisions were not published".
	Failure string
	// Every is the interval between runs without a failure.
	Every time.Duration
	// Wake starts the next run at once; nil means that only time does.
	Wake <-chan struct{}
	// Do does the waiting work. An error is passing: it is logged, and the next run follows after a
	// backoff, or after Wake.
	Do  func(ctx context.Context) error
	Log *slog.Logger
}

// Run runs the worker until the context ends.
func (w *Worker) Run(ctx context.Context) {
	failures := newBackoff(w.Every)
	for ctx.Err() == nil {
		wait := w.Every
		switch err := w.Do(ctx); {
		case err == nil:
			failures.Reset()
		case ctx.Err() == nil:
			wait = failures.NextBackOff()
			w.Log.Error(w.Failure+"; the next attempt follows", "error", err, "in", wait.Round(time.Millisecond).String())
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-w.Wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// maxBackoff bounds the wait after failures.
const maxBackoff = 5 * time.Second

func newBackoff(first time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = first, max(first, maxBackoff)
	return b
}

// Poll calls done at an interval until the result is true. Poll returns the error of done, or the
// error of the context, wrapped with the act, such as "settle".
func Poll(ctx context.Context, act string, every time.Duration, done func(ctx context.Context) (bool, error)) error {
	waiting := errors.New("not yet")
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		switch ok, err := done(ctx); {
		case err != nil:
			return struct{}{}, backoff.Permanent(err)
		case !ok:
			return struct{}{}, waiting
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(backoff.NewConstantBackOff(every)), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}

// Retry calls do until the result is no passing error, at an interval and for at most a time. Retry
// returns the last error of do.
func Retry(ctx context.Context, every, within time.Duration, passing func(error) bool, do func() error) error {
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = do()
		if last != nil && !passing(last) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(backoff.NewConstantBackOff(every)), backoff.WithMaxElapsedTime(within))
	if err == nil {
		return nil
	}
	return last
}

// Await retries as Retry does, and calls waits with the first passing error: what a start waits for is logged once.
func Await(
	ctx context.Context, every, within time.Duration, passing func(error) bool, waits func(error), do func() error,
) error {
	waiting := false
	return Retry(ctx, every, within, passing, func() error {
		err := do()
		if err != nil && passing(err) && !waiting {
			waiting = true
			waits(err)
		}
		return err
	})
}

// Sleep waits for a duration and reports whether the context is still in force.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
