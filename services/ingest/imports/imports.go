// Package imports reads the histories of sources as the owner orders: an order is a note that all processes share, one
// of them carries it out, and the next one goes on after a process that ended.
package imports

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// Source is a source whose history can be imported.
type Source struct {
	ID string
	// Open makes a reader of the platform's interface, or of an uploaded file, with the present key. waiting is called
	// before a wait.
	Open func(order connection.ImportOrder, waiting func(time.Duration, error)) (history.Reader, error)
	// Listed reports whether the configuration lists a product.
	Listed func(product string) bool
}

// Notes keep the orders and how far each is. ChangeImport changes the state as it is stored, unless alter returns
// false; alter may be called several times.
type Notes interface {
	Import(ctx context.Context, source string, dryRun bool) (connection.Import, error)
	ChangeImport(
		ctx context.Context, source string, dryRun bool, alter func(*connection.Import) bool,
	) (connection.Import, error)
}

// Options configure a Runner.
type Options struct {
	Sources []Source
	Server  backfill.Server
	Notes   Notes
	// Forwarded returns the number of the last message of the stream of facts, once everything that this process accepted
	// is in the stream; false before. Nil means that nothing waits.
	Forwarded func(ctx context.Context) (until uint64, done bool, err error)
	// DropFile removes an uploaded file; nil means that there are none.
	DropFile func(ctx context.Context, id string) error
	// DropFacts removes the facts that a dry run kept for a preview; nil keeps none.
	DropFacts func(ctx context.Context, dryRun string) error
	// Tick is how often orders are looked for; 0 means two seconds. Lease is how long a process may be silent before
	// another one goes on; 0 means 10 seconds.
	Tick, Lease time.Duration
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Log receives one record for each end of an import; nil means slog.Default().
	Log *slog.Logger
}

// Runner carries out the orders. Several processes may share the notes.
type Runner struct {
	opts Options
	// me is this process.
	me string
}

const (
	defaultTick  = 2 * time.Second
	defaultLease = 10 * time.Second
	// noteEvery is how often the progress is noted: a page that is read twice is no fault.
	noteEvery = time.Second
)

// New makes a Runner.
func New(o Options) *Runner {
	if o.Tick == 0 {
		o.Tick = defaultTick
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Forwarded == nil {
		o.Forwarded = func(context.Context) (uint64, bool, error) { return 0, true, nil }
	}
	if o.DropFile == nil {
		o.DropFile = func(context.Context, string) error { return nil }
	}
	return &Runner{opts: o, me: rand.Text()}
}

// Run carries out orders until the context ends, of each source by itself.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i := range r.opts.Sources {
		s := &r.opts.Sources[i]
		all.Go(func() {
			w := loop.Worker{
				Failure: "the orders of an import cannot be read or written", Every: r.opts.Tick,
				Do: func(ctx context.Context) error {
					return errors.Join(r.visit(ctx, s, true), r.visit(ctx, s, false))
				},
				Log: r.opts.Log.With("source", s.ID),
			}
			w.Run(ctx)
		})
	}
	all.Wait()
}

// visit carries out the order of a source if there is one and no other process does. The error is one of the notes
// alone: a failure of the import is noted.
func (r *Runner) visit(ctx context.Context, s *Source, dryRun bool) error {
	note, err := r.opts.Notes.Import(ctx, s.ID, dryRun)
	if err != nil || !r.isDue(&note) {
		return err
	}
	mine, former := false, ""
	note, err = r.opts.Notes.ChangeImport(ctx, s.ID, dryRun, func(i *connection.Import) bool {
		if mine = r.isDue(i); mine {
			former = i.Kept
			r.take(i, dryRun)
		}
		return mine
	})
	if err != nil || !mine {
		return err
	}
	if former != "" {
		r.dropFacts(ctx, s.ID, former)
	}
	w := &work{Runner: r, source: s, dryRun: dryRun, note: note}
	return w.end(ctx, w.run(ctx))
}

// isDue reports whether this process may and must work on an import.
func (r *Runner) isDue(i *connection.Import) bool {
	return i.State == connection.ImportOrdered ||
		i.State == connection.ImportRunning && (!i.Lease.After(r.opts.Now()) || i.Holder == r.me)
}

// take begins to work on an import. A dry run that another process began begins anew, because the persons that it
// counted are in the memory of that process.
func (r *Runner) take(i *connection.Import, dryRun bool) {
	now := r.opts.Now()
	if i.Started.IsZero() {
		i.Started = now.UTC()
	}
	if dryRun {
		i.Cursor, i.Read, i.Summary, i.Remaining = nil, false, nil, 0
		if i.Kept = ""; r.opts.DropFacts != nil {
			i.Kept = dryrun.NewID()
		}
	}
	i.State, i.Holder, i.Lease = connection.ImportRunning, r.me, now.Add(r.opts.Lease)
	i.Fault, i.Error, i.Ended = "", "", time.Time{}
}

// dropFacts removes the facts that a dry run kept. They end by themselves after a day.
func (r *Runner) dropFacts(ctx context.Context, source, dryRun string) {
	if r.opts.DropFacts == nil {
		return
	}
	if err := r.opts.DropFacts(ctx, dryRun); err != nil {
		r.opts.Log.Warn("the facts of a dry run are kept for a day", "source", source, "error", err)
	}
}

// forgetDryRun removes the facts of the last dry run of a source: once its history is imported, the preview counts the
// persons.
func (r *Runner) forgetDryRun(ctx context.Context, source string) error {
	kept := ""
	_, err := r.opts.Notes.ChangeImport(ctx, source, true, func(i *connection.Import) bool {
		kept = i.Kept
		i.Kept = ""
		return kept != "" && !i.IsUnderWay()
	})
	if err == nil && kept != "" {
		r.dropFacts(ctx, source, kept)
	}
	return err
}

// The ends of work that are no failure of the import.
var (
	errTaken   = errors.New("another process imports the source")
	errStopped = errors.New("the import was stopped")
)
