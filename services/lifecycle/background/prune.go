package background

import (
	"context"
	"log/slog"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// pruneEvery is the interval between prunings.
const pruneEvery = time.Hour

// Pruner removes old journal entries.
type Pruner struct {
	// Prune removes a bounded number of old entries and returns the number removed.
	Prune func(ctx context.Context) (int, error)
	Log   *slog.Logger
}

// Run prunes once an hour until the context ends.
func (p *Pruner) Run(ctx context.Context) {
	w := loop.Worker{Failure: "old journal entries were not pruned", Every: pruneEvery, Do: p.drain, Log: p.Log}
	w.Run(ctx)
}

// drain prunes until nothing is left to remove.
func (p *Pruner) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		if n, err := p.Prune(ctx); err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// releaseEvery is the interval between two searches for keys without a subject.
const releaseEvery = 24 * time.Hour

// OrphanReleaser removes the keys of subjects that were never stored.
type OrphanReleaser struct {
	// Release removes all such keys and returns the number removed.
	Release func(ctx context.Context) (int, error)
	Log     *slog.Logger
}

// Run searches once a day until the context ends.
func (o *OrphanReleaser) Run(ctx context.Context) {
	w := loop.Worker{
		Failure: "keys without a subject were not removed", Every: releaseEvery, Log: o.Log,
		Do: func(ctx context.Context) error {
			n, err := o.Release(ctx)
			if n > 0 {
				o.Log.InfoContext(ctx, "keys without a subject were removed", "keys", n)
			}
			return err
		},
	}
	w.Run(ctx)
}
