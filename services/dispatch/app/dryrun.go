package app

import (
	"context"
	"log/slog"

	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/jetqueue"
)

// dryRun logs the calls that a recipient would receive.
type dryRun struct {
	queue *jetqueue.Queue
	of    *recipient
}

// run logs queued and new decisions until the end of the context.
func (r dryRun) run(ctx context.Context, log *slog.Logger) {
	log = log.With("recipient", r.of.config.ID)
	r.queue.DryRun(ctx, func(ctx context.Context, m *delivery.Message) {
		_, err := r.of.connector.Deliver(ctx, m.Event, m.Body)
		for _, call := range r.of.rehearsal.Take() {
			log.Info("dry run: would call", "method", call.Method, "url", call.URL, "decision", m.Event.ID)
		}
		if err != nil {
			log.Warn("dry run: would fail", "decision", m.Event.ID, "error", delivery.Plain(err.Error()))
		}
	})
}
