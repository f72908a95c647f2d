package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// storage is the storage interface of all loops.
type storage interface {
	apply.Store
	background.RelayStore
	background.SweeperStore
	brake.Store
	rollout.Store
	journal.Store
	journal.Reader
	httpapi.Lists
	httpapi.Journal
	journal.ActStore
	store.StateAdder
	store.StateChanger
	// CountPending and OpenNotices count what waits, for the metrics.
	CountPending(ctx context.Context, limit int) (int, error)
	OpenNotices(ctx context.Context, limit int) ([]notice.Notice, error)
	httpapi.Index
	// Prune removes old journal entries.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	Close() error
}

// CopyStore writes a snapshot of the database in the data directory to a new file while the service
// runs, and returns the number of persons. The error is ErrStoreElsewhere when the database is on
// another server.
func (a *App) CopyStore(ctx context.Context, path string) (int, error) {
	s, ok := a.store.(*sqlitestore.Store)
	if !ok {
		return 0, ErrStoreElsewhere
	}
	return s.Copy(ctx, path)
}

// ErrStoreElsewhere means that subjects are not stored in the data directory.
var ErrStoreElsewhere = errors.New("subjects are stored in MongoDB")

// inspectStore refuses a database with which the program cannot go on, before anything in it is changed: an upgrade
// that fails leaves the earlier version its database.
func inspectStore(ctx context.Context, opts Options) error {
	if opts.Config.MongoDB.URI != "" {
		return nil
	}
	in, err := sqlitestore.Inspect(ctx, filepath.Join(opts.Data, identity.DatabaseFile))
	if err == nil && in.Former {
		opts.Log.Info("the database of an earlier version is converted; the start takes longer this once")
	}
	if err != nil || in.Policy == nil {
		return err
	}
	if _, err := policy.Parse("the policy in force", []byte(in.Policy.Text), in.Policy.Controller); err != nil {
		return fmt.Errorf(
			"this version cannot read the current policy %s, so nothing was changed: start the earlier version "+
				"again, or put a policy into force there that both read: %w",
			in.Policy.Revision,
			err,
		)
	}
	return nil
}

// clearDryRuns removes what dry runs left behind when their process was killed. Files of others in the directory for
// temporary files hold up nothing.
func clearDryRuns(opts Options) error {
	err := dryrun.Clear(opts.Data)
	if err != nil && opts.Data == "" {
		opts.Log.Warn("what a dry run left among the temporary files cannot be removed", "error", err)
		return nil
	}
	return err
}

// storePatience bounds the wait for MongoDB at the start.
const storePatience = time.Minute

// openStore opens MongoDB if configured, and SQLite in the data directory otherwise.
func openStore(ctx context.Context, opts Options) (storage, error) {
	if opts.Config.MongoDB.URI == "" {
		return sqlitestore.Open(ctx, filepath.Join(opts.Data, identity.DatabaseFile))
	}
	uri, err := opts.Config.Value(opts.Config.MongoDB.URI)
	if err != nil {
		return nil, err
	}
	return mongostore.Open(ctx, mongostore.Options{
		URI: uri, Database: opts.Config.MongoDB.Database, Patience: storePatience, Log: opts.Log,
	})
}
