package app

import (
	"context"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// mongoCountsKept is how long the counts of MongoDB are kept, which counts by its index at every question.
const mongoCountsKept = 30 * time.Second

// countsKept is how long counts are kept. SQLite keeps them itself.
func countsKept(c *config.Config) time.Duration {
	if c.MongoDB.URI == "" {
		return 0
	}
	return mongoCountsKept
}

// edit changes a subject, and wakes the relay, which writes the notes of the change into the journal.
func edit(
	ctx context.Context, in store.Updater, id string, change func(lifecycle.Subject) lifecycle.Subject, wake func(),
) error {
	err := store.Update(ctx, in, id, func(s lifecycle.Subject) (*store.Change, error) {
		return &store.Change{Subject: change(s)}, nil
	})
	if err == nil {
		wake()
	}
	return err
}
