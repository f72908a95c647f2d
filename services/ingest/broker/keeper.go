package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/dryrun"
)

// Keeper keeps the facts of dry runs in a stream of their own, while there is room.
type Keeper struct {
	Broker *Broker
	Facts  *dryrun.Facts
	Log    *slog.Logger
}

// Keep keeps facts of a dry run. Without room for them Keep removes what the dry run has kept so far, of which no
// preview can be made, and returns false. The error wraps ingest.ErrUnavailable while nothing can be kept.
func (k *Keeper) Keep(ctx context.Context, id string, deliveries []*factv1.Delivery) (bool, error) {
	if _, err := k.Facts.Open(ctx); err != nil {
		return false, k.unlessFull(ctx, id, err)
	}
	for _, err := range k.Broker.PublishTo(ctx, dryrun.Subject(id), deliveries) {
		switch {
		case err == nil:
		case dryrun.IsFull(err), errors.Is(err, ingest.ErrUnavailable):
			return false, k.unlessFull(ctx, id, err)
		default: // the import sets such a fact aside
			k.Log.Warn("a fact of a dry run is left out of the preview", "error", err)
		}
	}
	return true, nil
}

// unlessFull is an error after which facts are kept later; nil when there is no room for them.
func (k *Keeper) unlessFull(ctx context.Context, id string, err error) error {
	if !dryrun.IsFull(err) {
		return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
	}
	k.Log.Warn("a dry run gets no preview: there is no room for its facts", "error", err)
	if err := k.Facts.Drop(ctx, id); err != nil {
		k.Log.Warn("the facts of a dry run without a preview are kept for a day", "error", err)
	}
	return nil
}
