package bench

import (
	"context"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

// nowhere discards every event.
type nowhere struct{}

// PublishEvents does nothing.
func (nowhere) PublishEvents(context.Context, []*stream.Event) error { return nil }

// discard empties the outboxes of a store.
func (b *bench) discard(ctx context.Context, st *sqlitestore.Store) error {
	r := background.NewRelay(background.RelayOptions{
		Store: st, Publisher: nowhere{}, Journal: b.journal(st), Vault: b.vault, Policy: b.policy,
	})
	_, err := r.Drain(ctx)
	return err
}

// journal writes the journals of a store.
func (b *bench) journal(st *sqlitestore.Store) *journal.Writer {
	return &journal.Writer{Store: st, Mark: b.vault.Mark}
}
