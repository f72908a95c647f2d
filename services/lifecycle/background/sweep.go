package background

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// SweeperStore finds subjects due for review.
type SweeperStore interface {
	Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error)
}

// Reviewer evaluates subjects again and returns the number of writes.
type Reviewer interface {
	Review(ctx context.Context, ids []string) (int, error)
}

// SweeperOptions configure a Sweeper.
type SweeperOptions struct {
	Store    SweeperStore
	Reviewer Reviewer
	// Open reports whether subjects may be reviewed now; nil means always. See package brake.
	Open func(ctx context.Context) (bool, error)
	// Share is what this replica reviews; nil means all subjects.
	Share Share
	// Revision is the revision of the policy in force.
	Revision string
	// Every is the interval between sweeps; 0 means 5 seconds.
	Every time.Duration
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Sweeper looks for due subjects.
type Sweeper struct{ opts SweeperOptions }

// NewSweeper makes a Sweeper.
func NewSweeper(opts SweeperOptions) *Sweeper {
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
	w := loop.Worker{
		Failure: "review of due subjects failed", Every: s.opts.Every, Log: s.opts.Log,
		Do: func(ctx context.Context) error {
			_, err := s.Sweep(ctx)
			return err
		},
	}
	w.Run(ctx)
}

// sweepPage is the number of subjects in one write. Of sweepPages pages, sweepers are under review at once: one is read
// and evaluated while another is written.
const (
	sweepPage  = 500
	sweepPages = 8
	sweepers   = 2
)

// Sweep reviews all due subjects in pages and returns the number of writes. Sweep stops at a page
// without writes, so that permanent version conflicts do not cause a busy loop. A subject that cannot be
// reviewed is named by the error at the end, and no other subject waits. While the brake is on, nobody is reviewed.
func (s *Sweeper) Sweep(ctx context.Context) (int, error) {
	if s.opts.Open != nil {
		if open, err := s.opts.Open(ctx); !open || err != nil {
			return 0, err
		}
	}
	total, next := 0, time.Now()
	for {
		ids, err := s.due(ctx)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		n, err := s.review(ctx, ids)
		total += n
		if n == 0 || ctx.Err() != nil {
			return total, err
		}
		if time.Since(next) > progressEvery {
			next = time.Now()
			s.opts.Log.Info("reviewing subjects", "reviewed", total)
		}
	}
}

// due returns due subjects of the share of this replica. While the first ones are those of other replicas, more are
// looked at.
func (s *Sweeper) due(ctx context.Context) ([]string, error) {
	for limit := sweepPages * sweepPage; ; limit *= 2 {
		ids, err := s.opts.Store.Due(ctx, s.opts.Now(), s.opts.Revision, limit)
		if err != nil {
			return nil, err
		}
		all := len(ids) < limit
		if s.opts.Share != nil {
			ids = slices.DeleteFunc(ids, func(id string) bool { return !s.opts.Share.Has(partOf(id, s.opts.Share.Count())) })
		}
		if all || len(ids) >= sweepPage || limit >= mostDue {
			return ids, nil
		}
	}
}

// mostDue is how many due subjects are looked at for some of the share of this replica.
const mostDue = 16 * sweepPages * sweepPage

// Share is the part of the subjects that one replica works on: some of a number of parts.
type Share interface {
	Has(part int) bool
	Count() int
}

// partOf returns the part of a subject. Ids sort by the time of their making, so that ranges of ids would be uneven:
// the part is that of a hash.
func partOf(id string, parts int) int {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, id) // never fails
	return int(sum.Sum32()>>1) % parts
}

// review reviews subjects in pages, and returns the number of writes.
func (s *Sweeper) review(ctx context.Context, ids []string) (int, error) {
	pages := make(chan []string)
	writes, errs := [sweepers]int{}, [sweepers][]error{}
	var reviews sync.WaitGroup
	for i := range sweepers {
		reviews.Go(func() {
			for page := range pages {
				n, err := s.opts.Reviewer.Review(ctx, page)
				writes[i], errs[i] = writes[i]+n, append(errs[i], err)
			}
		})
	}
	for page := range slices.Chunk(ids, sweepPage) {
		if ctx.Err() == nil {
			pages <- page
		}
	}
	close(pages)
	reviews.Wait()
	total, all := 0, ctx.Err()
	for i := range sweepers {
		total, all = total+writes[i], errors.Join(all, errors.Join(errs[i]...))
	}
	return total, all
}

// progressEvery is the interval of progress logs.
const progressEvery = 5 * time.Second
