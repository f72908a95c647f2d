// Package sweep lets time pass: it finds the subjects for whom a moment that
// matters has come, or whose bases were worked out under another policy, and has
// them decided again.
package sweep

import (
	"context"
	"log/slog"
	"time"
)

// Store finds subjects that are due.
type Store interface {
	Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error)
}

// Reviewer decides again on subjects and returns how many it wrote.
type Reviewer interface {
	Review(ctx context.Context, ids []string) (int, error)
}

// Options configure a Sweeper.
type Options struct {
	Store    Store
	Reviewer Reviewer
	// Revision is the policy revision that subjects should be decided under.
	Revision string
	// Every is how often to look; 0 means every 5 seconds.
	Every time.Duration
	// Prune lets go of what is old, up to a number of entries, and returns how many
	// went; nil means that nothing is let go. It is called once an hour.
	Prune func(ctx context.Context) (int, error)
	// Now tells the time; nil means time.Now.
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
			s.opts.Log.Error("subjects wait to be reviewed", "error", err)
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

// pruneEvery is how often old entries are let go.
const pruneEvery = time.Hour

func (s *Sweeper) prune(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.opts.Prune(ctx)
		if err != nil && ctx.Err() == nil {
			s.opts.Log.Error("old journal entries stay for now", "error", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}

// page is how many subjects are reviewed at once.
const page = 500

// Sweep reviews all subjects that are due now, in pages, and returns how many
// were written. It stops at a page in which nothing could be written, so that
// subjects that others hold on to do not keep it busy.
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

// progressEvery is how often a long sweep says how far it is.
const progressEvery = 5 * time.Second
