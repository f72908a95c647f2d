package app

import (
	"context"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
)

// newBrake makes the brake of the clock of the machine. A clock that the caller gave has none.
func (a *App) newBrake(ctx context.Context, opts Options, applier *apply.Applier) (err error) {
	if a.clock == nil {
		return nil
	}
	a.brake, err = brake.New(ctx, brake.Options{
		Clock: a.clock, Store: a.store, Previewer: applier, Revision: a.policy.Revision,
		LimitPercent: limitPercent(opts.Config), Log: opts.Log.With("part", "brake"),
	})
	return err
}

// mayReview reports whether due subjects may be reviewed.
func (a *App) mayReview(ctx context.Context) (bool, error) {
	if a.brake == nil {
		return true, nil
	}
	return a.brake.Open(ctx)
}

// holdsDeletions reports whether no deletion may be published.
func (a *App) holdsDeletions() bool { return a.brake != nil && a.brake.Holds() }

// weighNews returns the subjects whose deletions by news wait for an approval.
func (a *App) weighNews(ctx context.Context, subjects []lifecycle.Subject, first bool) (map[string]bool, error) {
	if a.brake == nil {
		return nil, nil
	}
	return a.brake.WeighNews(ctx, subjects, first)
}

// observe notes the times of receipt of deliveries.
func (a *App) observe(deliveries []*factv1.Delivery) {
	if a.clock == nil {
		return
	}
	var latest time.Time
	for _, d := range deliveries {
		if t := d.GetReceived().AsTime(); t.After(latest) {
			latest = t
		}
	}
	a.clock.Received(latest)
}
