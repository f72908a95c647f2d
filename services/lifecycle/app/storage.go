package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/internal/adoption"
	"github.com/rodopath/rodopath/services/lifecycle/internal/apply"
	"github.com/rodopath/rodopath/services/lifecycle/internal/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/internal/journal"
	"github.com/rodopath/rodopath/services/lifecycle/internal/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/internal/relay"
	"github.com/rodopath/rodopath/services/lifecycle/internal/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/internal/sweep"
)

// storage is what the loops need of a store, together.
type storage interface {
	apply.Store
	relay.Store
	sweep.Store
	adoption.Store
	journal.Store
	journal.Reader
	httpapi.Lists
	httpapi.Journal
	// Prune lets journal entries go that were made before an instant.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	Close() error
}

const databaseFile = "rodopath.db"

// openStore opens MongoDB where it is configured, and SQLite in the data
// directory otherwise.
func openStore(ctx context.Context, opts Options) (storage, error) {
	if opts.Config.MongoDB.URI == "" {
		return sqlitestore.Open(ctx, filepath.Join(opts.Data, databaseFile))
	}
	uri, err := opts.Config.Value(opts.Config.MongoDB.URI)
	if err != nil {
		return nil, err
	}
	return mongostore.Open(ctx, mongostore.Options{URI: uri, Database: opts.Config.MongoDB.Database})
}
