package background

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Orders reports whether subjects are still to be evaluated after an order of the controller to notify recipients.
type Orders interface {
	// Refresh reads the orders that another process received.
	Refresh(ctx context.Context) error
	Releasing() bool
	// Released records that all subjects were evaluated.
	Released(ctx context.Context) error
}

// Releaser evaluates subjects after an order to notify recipients, and after a change of the configured products: the
// decisions that waited for the order are
// published, and those that were published to other recipients before are sent to the new ones. A Releaser that is
// interrupted begins again: an evaluation twice is the same as once.
type Releaser struct {
	Orders Orders
	Replay ReplayOptions
	// Wake wakes the relay.
	Wake func()
	// Every is the interval between two looks for an order; 0 means one second.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Run carries out orders until the context ends.
func (r *Releaser) Run(ctx context.Context) {
	every := r.Every
	if every == 0 {
		every = time.Second
	}
	w := loop.Worker{
		Failure: "decisions that waited were not released", Every: every, Log: r.Log,
		Do: func(ctx context.Context) error {
			if err := r.Orders.Refresh(ctx); err != nil || !r.Orders.Releasing() {
				return err
			}
			return r.Release(ctx)
		},
	}
	w.Run(ctx)
}

// Release evaluates all subjects.
func (r *Releaser) Release(ctx context.Context) error {
	n, next := 0, r.Now()
	err := store.Walk(ctx, r.Replay.Store, func(s *lifecycle.Subject) error {
		if n++; r.Now().Sub(next) > progressEvery {
			next = r.Now()
			r.Log.Info("releasing decisions that waited", "persons", n)
		}
		if len(s.Outbox) > 0 || slices.ContainsFunc(s.Facts, isUnlisted) {
			if err := r.evaluate(ctx, s.ID); err != nil {
				return err
			}
		}
		return r.notifyNew(ctx, s)
	})
	r.Wake()
	if err != nil {
		return err
	}
	return r.Orders.Released(ctx)
}

// isUnlisted reports whether a fact is a sale of a product that the configuration did not list, and may list now.
func isUnlisted(f fact.Fact) bool { return len(f.Unlisted) > 0 }

// evaluate evaluates a subject anew, so that the gate decides again about each unpublished decision.
func (r *Releaser) evaluate(ctx context.Context, id string) error {
	return store.Update(ctx, r.Replay.Store, id, func(s lifecycle.Subject) (*store.Change, error) {
		s.Revision = "" // forces the evaluation
		s, _ = lifecycle.Decide(r.Replay.Policy, s, nil, r.Now())
		return &store.Change{Subject: s}, nil
	})
}

// notifyNew sends the deletions that were published before to recipients that are notified only since.
func (r *Releaser) notifyNew(ctx context.Context, s *lifecycle.Subject) error {
	p := r.Replay.Policy
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Kind != stream.KindDelete || n.Retracted() {
			continue
		}
		for j := range p.Connected {
			to := &p.Connected[j]
			opening := p.Gate.Opening(to.ID, string(stream.KindDelete), r.Now())
			if opening.Closed != "" || isNotified(n, to.ID) || !n.Concerns(p, to.ID) {
				continue
			}
			if _, err := republish(ctx, r.Replay, s, n, to.ID, r.Now().UTC()); err != nil {
				return err
			}
		}
	}
	return nil
}

// isNotified reports whether a recipient was notified of a decision.
func isNotified(n *notice.Notice, recipient string) bool {
	return slices.ContainsFunc(n.Notifications, func(t notice.Notification) bool { return t.Recipient == recipient })
}
