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

// addNotices notes that decisions about a subject were published although it was written
// meanwhile: news may have taken a decision out of its outbox that recipients know by now,
// and what they answer must find it. The outbox is left to the next drain.
func (r *Relay) addNotices(ctx context.Context, id string, notices []lifecycle.Notice, head lifecycle.Head) error {
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
		s = lifecycle.AddNotices(r.opts.Policy, s, notices)
		if head.Seq > s.Journal.Seq && !s.Pending() { // else the journal is looked through for it
			s.Journal = head
		}
		errs, err := r.opts.Store.Save(ctx, []store.Change{{Subject: s}})
		if err = errors.Join(append(errs, err)...); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("note what was sent about %s: it lost every race: %w", id, store.ErrConflict)
}

// MarkPublished returns a subject as it is once those of the decisions that are in the stream count
// as sent. They are looked for before news take them out of an outbox: the one who
// published them may have been killed before it noted that it did. What is under way from
// here is waited for.
//
// What this relay begins to send between the look and the write of the news, or another
// replica has under way, is not seen; the one who published it notes it (see told). So a
// notice is missing for good only where such a relay never hears that the broker has the
// decision, because it is killed or waits in vain.
func (r *Relay) MarkPublished(ctx context.Context, s lifecycle.Subject, decisions []string) (lifecycle.Subject, error) {
	r.sending.Lock()
	defer r.sending.Unlock()
	names, err := r.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return s, err
	}
	published := map[string][]*stream.Event{} // by subject: an absorbed one has its own
	var ids []string
	var notices []lifecycle.Notice
	for i := range s.Outbox {
		d := &s.Outbox[i]
		if !slices.Contains(decisions, d.ID) {
			continue
		}
		if _, asked := published[d.Subject]; !asked {
			if published[d.Subject], err = r.opts.Reader.EventsOf(ctx, d.Subject); err != nil {
				return s, fmt.Errorf("look for what was sent: %w", err)
			}
		}
		noted := slices.ContainsFunc(s.Notices, func(n lifecycle.Notice) bool { return n.Decision == d.ID })
		if !noted && !slices.ContainsFunc(published[d.Subject], func(e *stream.Event) bool { return e.ID == d.ID }) {
			continue
		}
		ids = append(ids, d.ID)
		if n := r.notice(d, names); n != nil {
			notices = append(notices, *n)
		}
	}
	return lifecycle.MarkPublished(r.opts.Policy, s, ids, notices), nil
}
