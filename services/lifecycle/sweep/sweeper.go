// Package sweep triggers the review of subjects whose review time has passed, or whose last
// evaluation used another policy.
package sweep

import (
	"context"
	"log/slog"
	"time"
)

// Store finds subjects due for review.
type Store interface {
	Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error)
}

// Reviewer evaluates subjects again and returns the number of writes.
type Reviewer interface {
	Review(ctx context.Context, ids []string) (int, error)
}

// Options configure a Sweeper.
type Options struct {
	Store    Store
	Reviewer Reviewer
	// Revision is the revision of the policy in force.
	Revision string
	// Every is the interval between sweeps; 0 means 5 seconds.
	Every time.Duration
	// Prune removes a bounded number of old journal entries and returns the number removed; nil
	// disables pruning. Prune is called once an hour until nothing is left to remove.
	Prune func(ctx context.Context) (int, error)
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Sweeper looks for due subjects.
type Sweeper struct{ opts Options }

// New makes a Sweeper.
func New(opts Options) *Sweeper {
	if opts.Every == 0 {
		opts.Every = 5 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Sweeper{opts}
}

// Run sweeps until the context ends.
func (s *Sweeper) Run(ctx context.Context) {
	tick := time.NewTicker(s.opts.Every)
	defer tick.Stop()
	var pruned time.Time
	for ctx.Err() == nil {
		if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.Error("review of due subjects failed; the next sweep tries again", "error", err)
		}
		if s.opts.Prune != nil && time.Since(pruned) > pruneEvery {
			pruned = time.Now()
			s.prune(ctx)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// pruneEvery is the interval between prunings.
const pruneEvery = time.Hour

func (s *Sweeper) prune(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.opts.Prune(ctx)
		if err != nil && ctx.Err() == nil {
			s.opts.Log.Error("old journal entries were not pruned; the next attempt is in an hour", "error", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}

// page is the number of subjects reviewed at once.
const page = 500

// Sweep reviews all due subjects in pages and returns the number of writes. Sweep stops at a page
// without writes, so that permanent version conflicts do not cause a busy loop.
func (s *Sweeper) Sweep(ctx context.Context) (int, error) {
	total, next := 0, time.Now()
	for {
		ids, err := s.opts.Store.Due(ctx, s.opts.Now(), s.opts.Revision, page)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		n, err := s.opts.Reviewer.Review(ctx, ids)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		if time.Since(next) > progressEvery {
			next = time.Now()
			s.opts.Log.Info("reviewing subjects", "reviewed", total)
		}
	}
}

// progressEvery is the interval of progress logs.
const progressEvery = 5 * time.Second
