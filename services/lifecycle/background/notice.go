package background

import (
	"context"
	"fmt"
	"slices"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// Reader reads the published events of a subject.
type Reader interface {
	EventsOf(ctx context.Context, subject string) ([]*stream.Event, error)
}

// MarkPublished returns the subject with the given decisions marked as published if the stream
// contains them. The stream is searched before new facts retract a decision, because a relay may
// have been killed between publication and the update of the subject. A publication in progress in
// this process is awaited.
//
// A publication that starts between the search and the write of the new facts, or that is in
// progress in another replica, is not found; the publishing relay adds the notice then (see
// settled). If the publishing relay is killed before that, Recovery adds the notice at the next start.
func (r *Relay) MarkPublished(ctx context.Context, s lifecycle.Subject, decisions []string) (lifecycle.Subject, error) {
	r.sending.Lock()
	defer r.sending.Unlock()
	names, err := r.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return s, err
	}
	published := map[string][]*stream.Event{} // by subject, because merged subjects have their own events
	var ids []string
	var notices []notice.Notice
	for i := range s.Outbox {
		d := &s.Outbox[i]
		if !slices.Contains(decisions, d.ID) {
			continue
		}
		if _, asked := published[d.Subject]; !asked {
			if published[d.Subject], err = r.opts.Reader.EventsOf(ctx, d.Subject); err != nil {
				return s, fmt.Errorf("search the stream for published decisions: %w", err)
			}
		}
		noted := slices.ContainsFunc(s.Notices, func(n notice.Notice) bool { return n.Decision == d.ID })
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
