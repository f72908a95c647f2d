package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Reader reads what was published about a subject.
type Reader interface {
	EventsOf(ctx context.Context, subject string) ([]*stream.Event, error)
}

// attempts is how often a subject that others write to is tried again.
const attempts = 10

// told notes that decisions about a subject were published although it was written
// meanwhile: news may have taken a decision out of its outbox that recipients know by now,
// and what they answer must find it. The outbox is left to the next drain.
func (r *Relay) told(ctx context.Context, id string, notices []lifecycle.Notice, head lifecycle.Head) error {
	for range attempts {
		found, err := r.opts.Store.Load(ctx, []string{id})
		if err != nil {
			return err
		}
		s, ok := found[id]
		switch {
		case !ok:
			return nil // the person is gone, tombstone and all
		case s.MergedInto != "":
			id, head = s.MergedInto, lifecycle.Head{} // the journal stays with the other
			continue
		}
		s = lifecycle.Told(r.opts.Policy, s, notices)
		if head.Seq > s.Journal.Seq {
			s.Journal = head
		}
		errs, err := r.opts.Store.Save(ctx, []store.Change{{Subject: s}})
		if err = errors.Join(append(errs, err)...); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("note what was sent about %s: it lost every race: %w", id, store.ErrConflict)
}

// CatchUp notes what was published before the process was killed and is not noted yet. It
// is called before anything is applied, so that no news can take back what recipients
// know.
func (r *Relay) CatchUp(ctx context.Context, events Reader) error {
	subjects, err := r.opts.Store.Pending(ctx, page)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	for i := range subjects {
		if err := r.catchUp(ctx, &subjects[i], events); err != nil {
			return fmt.Errorf("catch up: %w", err)
		}
	}
	return nil
}

func (r *Relay) catchUp(ctx context.Context, s *lifecycle.Subject, events Reader) error {
	if len(s.Outbox) == 0 {
		return nil
	}
	published, err := events.EventsOf(ctx, s.ID)
	if err != nil {
		return err
	}
	names, err := r.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return err
	}
	var notices []lifecycle.Notice
	for i := range s.Outbox {
		d := &s.Outbox[i]
		if !slices.ContainsFunc(published, func(e *stream.Event) bool { return e.ID == d.ID }) {
			continue
		}
		if n := r.notice(d, names); n != nil {
			notices = append(notices, *n)
		}
	}
	if len(notices) == 0 {
		return nil
	}
	return r.told(ctx, s.ID, notices, lifecycle.Head{})
}
