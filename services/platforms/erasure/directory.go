package erasure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
)

// Page reads one page of a list: its objects, and the start of the next page, empty at the end. The
// first page starts at "".
type Page[T any] func(ctx context.Context, at string) (things []T, next string, err error)

// DirectoryOptions configure a Directory.
type DirectoryOptions[T any] struct {
	// What names the listed objects in errors.
	What string
	Page Page[T]
	// MaxPages bounds the list; 0 means 5000.
	MaxPages int
	// Fresh is the time for which the list is reused; 0 means 30 minutes. A replay of many
	// decisions reads the list once.
	Fresh time.Duration
	// Spare is the time before the end of a call at which reading stops, to be continued in the
	// next call; 0 means 10 seconds.
	Spare time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Directory is a complete list of one kind of object at a platform, for decisions with hashed
// names: every listed name is hashed and compared. The list is read once for many decisions, and
// over several calls when long.
type Directory[T any] struct {
	opts DirectoryOptions[T]
	// lock guards the list.
	lock chan struct{}

	things []T
	at     string
	pages  int
	whole  bool
	begun  time.Time
	// done is when all was read.
	done time.Time
}

// Named is a person of a list.
type Named struct{ ID, Email string }

// NewDirectory makes a directory that has read nothing yet.
func NewDirectory[T any](opts DirectoryOptions[T]) *Directory[T] {
	opts.MaxPages = cmp.Or(opts.MaxPages, 5000)
	opts.Fresh = cmp.Or(opts.Fresh, 30*time.Minute)
	opts.Spare = cmp.Or(opts.Spare, 10*time.Second)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Directory[T]{opts: opts, lock: make(chan struct{}, 1)}
}

// Find returns the things that match, in a list that was read since an instant. Where
// there was no time to read all, the error is a *dispatch.Wait.
func (d *Directory[T]) Find(ctx context.Context, since time.Time, match func(*T) bool) ([]T, error) {
	select {
	case d.lock <- struct{}{}:
		defer func() { <-d.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := d.read(ctx, since); err != nil {
		return nil, fmt.Errorf("read all %s: %w", d.opts.What, err)
	}
	var found []T
	for i := range d.things {
		if match(&d.things[i]) {
			found = append(found, d.things[i])
		}
	}
	return found, nil
}

// read reads the missing pages.
func (d *Directory[T]) read(ctx context.Context, since time.Time) error {
	if now := d.opts.Now(); d.begun.IsZero() || d.begun.Before(since) || d.whole && now.Sub(d.done) > d.opts.Fresh {
		d.things, d.at, d.pages, d.whole, d.begun = nil, "", 0, false, now
	}
	for !d.whole {
		if end, ok := ctx.Deadline(); ok && time.Until(end) < d.opts.Spare {
			return &dispatch.Wait{
				After: pause,
				Err:   errors.New("the list takes longer than one call; the next attempt continues"),
			}
		}
		if d.pages >= d.opts.MaxPages {
			d.begun = time.Time{}
			return fmt.Errorf("there are more than %d pages; carry the decision out by hand", d.opts.MaxPages)
		}
		things, next, err := d.opts.Page(ctx, d.at)
		if err != nil {
			return err
		}
		d.things, d.at, d.whole = append(d.things, things...), next, next == ""
		d.pages++
		d.done = d.opts.Now()
	}
	return nil
}
