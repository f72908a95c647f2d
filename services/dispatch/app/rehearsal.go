package app

import (
	"context"
	"log/slog"

	"github.com/rodopath/rodopath/services/dispatch/internal/carry"
	"github.com/rodopath/rodopath/services/dispatch/internal/jetqueue"
)

// rehearsal shows what would be sent to a recipient.
type rehearsal struct {
	queue *jetqueue.Queue
	of    *recipient
}

// run shows what waits and what comes, until the context ends.
func (r rehearsal) run(ctx context.Context, log *slog.Logger) {
	log = log.With("recipient", r.of.config.ID)
	r.queue.Rehearse(ctx, func(ctx context.Context, m *carry.Message) {
		_, err := r.of.connector.Carry(ctx, m.Event, m.Body)
		for _, call := range r.of.rehearsal.Take() {
			log.Info("dry run: would call", "method", call.Method, "url", call.URL, "decision", m.Event.ID)
		}
		if err != nil {
			log.Warn("dry run: would fail", "decision", m.Event.ID, "error", carry.Plain(err.Error()))
		}
	})
}
