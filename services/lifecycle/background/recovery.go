package background

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// recoveredSince is how far back a Recovery reads the published events.
const recoveredSince = time.Hour

// Recovery finds published decisions that no subject knows of. A relay that is killed between the publication and its
// record leaves such a decision, if another replica applied news that retracted the decision in the same moment. The
// decision returns to the outbox, and the next evaluation retracts it for those who read it, or publishes it again
// under its id.
type Recovery struct {
	// Since visits the events that were published since an instant.
	Since func(ctx context.Context, at time.Time, visit func(*stream.Event) error) error
	Store store.Updater
	// Review evaluates subjects.
	Review func(ctx context.Context, ids []string) (int, error)
	// Wake starts another recovery: a relay may have published what it did not record. Nil means that one is enough.
	Wake <-chan struct{}
	// Pause is the pause before another attempt, and after Wake, so that the relay tries again first; 0 means 5 seconds.
	Pause time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// recoveryPause is the default of Pause.
const recoveryPause = 5 * time.Second

// Run recovers once, and then after each Wake, until the context ends. After an error Run tries again.
func (r *Recovery) Run(ctx context.Context) {
	for {
		r.run(ctx)
		if r.Wake == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-r.Wake:
		}
		loop.Sleep(ctx, cmp.Or(r.Pause, recoveryPause))
	}
}

// run recovers once, and tries again after an error until the context ends.
func (r *Recovery) run(ctx context.Context) {
	for {
		n, err := r.Recover(ctx)
		if err == nil {
			if n > 0 {
				r.Log.WarnContext(ctx, "decisions were published and not recorded; they are recorded now", "decisions", n)
			}
			return
		}
		if ctx.Err() == nil {
			r.Log.ErrorContext(
				ctx,
				"published decisions cannot be compared with the store; the next attempt follows",
				"error",
				err,
			)
		}
		if !loop.Sleep(ctx, cmp.Or(r.Pause, recoveryPause)) {
			return
		}
	}
}

// Recover returns the number of decisions that were published and not recorded.
func (r *Recovery) Recover(ctx context.Context) (int, error) {
	since := r.Now().Add(-recoveredSince)
	of := map[string][]decision.Decision{}
	err := r.Since(ctx, since, func(e *stream.Event) error {
		if e.Data.Kind != stream.KindRetract && e.Data.Replay == nil && !e.Time.Before(since) {
			of[e.Subject] = append(of[e.Subject], decision.Published(e))
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read published decisions: %w", err)
	}
	recovered := 0
	for page := range slices.Chunk(slices.Sorted(maps.Keys(of)), relayPage) {
		n, err := r.restorePage(ctx, page, of)
		recovered += n
		if err != nil {
			return recovered, err
		}
	}
	return recovered, nil
}

// restorePage restores the decisions about a page of subjects. Most subjects know all of theirs, and are only read.
func (r *Recovery) restorePage(ctx context.Context, page []string, of map[string][]decision.Decision) (int, error) {
	found, err := r.Store.Load(ctx, page)
	if _, err = store.SplitDamaged(err); err != nil {
		return 0, fmt.Errorf("read the subjects of published decisions: %w", err)
	}
	recovered := 0
	for _, id := range page {
		s, stored := found[id]
		if !stored || len(unknown(&s, of[id])) == 0 {
			continue
		}
		n, err := r.restore(ctx, id, of[id])
		if err != nil {
			return recovered, err
		}
		recovered += n
	}
	return recovered, nil
}

// restore returns the decisions of which a subject knows nothing to its outbox, and evaluates the subject.
func (r *Recovery) restore(ctx context.Context, id string, decisions []decision.Decision) (int, error) {
	restored, owner := 0, id
	err := store.Update(ctx, r.Store, id, func(s lifecycle.Subject) (*store.Change, error) {
		lost := unknown(&s, decisions)
		restored, owner = len(lost), s.ID
		if len(lost) == 0 {
			return nil, nil
		}
		s.Outbox = slices.Concat(s.Outbox, lost)
		s.Revision = "" // evaluated anew
		return &store.Change{Subject: s}, nil
	})
	if err != nil || restored == 0 {
		return 0, err
	}
	_, err = r.Review(ctx, []string{owner})
	return restored, err
}

// unknown are the decisions of which a subject has no record.
func unknown(s *lifecycle.Subject, decisions []decision.Decision) []decision.Decision {
	return slices.DeleteFunc(slices.Clone(decisions), func(d decision.Decision) bool { return knows(s, d.ID) })
}

// knows reports whether a subject has a record of a decision.
func knows(s *lifecycle.Subject, id string) bool {
	return notice.Find(s.Notices, id) != nil ||
		slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.ID == id }) ||
		slices.ContainsFunc(s.Announced, func(d lifecycle.AnnouncedDeletion) bool { return d.Decision == id })
}
