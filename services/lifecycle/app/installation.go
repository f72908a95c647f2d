package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Installation is what a database knows of the installation that it belongs to.
type Installation struct {
	// ID identifies the installation in all its parts.
	ID string `json:"id"`
	// Seq grows while the program runs: a database with a lower one than another part knows of is an older copy.
	Seq int64 `json:"seq"`
}

// installationName is the name of the Installation in the store.
const installationName = "installation"

// ErrForeign means that a part belongs to another installation.
var ErrForeign = errors.New("it belongs to another installation")

// identify reads the installation of the database. A database without one gets an id, the same for all replicas that
// start at once, and the streams are claimed for it.
func (a *App) identify(ctx context.Context) error {
	fresh := Installation{ID: strings.ToLower(rand.Text())}
	var err error
	if a.installation, err = store.AddState(ctx, a.store, installationName, fresh); err != nil {
		return err
	}
	return a.claimStreams(ctx)
}

func (a *App) saveInstallation(ctx context.Context, i Installation) error {
	return store.WriteState(ctx, a.store, installationName, i)
}

// metadataKey is the key of the installation in the metadata of a stream.
const metadataKey = "rodopath.installation"

// claimStreams marks the streams with the installation, and refuses streams of another one: their facts belong to other
// persons, and their decisions are about nobody here.
func (a *App) claimStreams(ctx context.Context) error {
	for _, name := range []string{stream.Facts, stream.Receipts, stream.Decisions, stream.Quarantine} {
		s, err := a.js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("read the stream %s: %w", name, err)
		}
		config := s.CachedInfo().Config
		switch config.Metadata[metadataKey] {
		case a.installation.ID:
			continue
		case "":
		default:
			return fmt.Errorf(
				"the stream %s: %w than the database; restore both from one backup, or remove %q from the metadata "+
					"of the streams when you know that they belong together",
				name,
				ErrForeign,
				metadataKey,
			)
		}
		config.Metadata = maps.Clone(config.Metadata)
		if config.Metadata == nil {
			config.Metadata = map[string]string{}
		}
		config.Metadata[metadataKey] = a.installation.ID
		if _, err := a.js.UpdateStream(ctx, config); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("mark the stream %s: %w", name, err)
		}
	}
	return nil
}

// Installation returns what the database knew of its installation at the start.
func (a *App) Installation() Installation { return a.installation }

// Advance raises the sequence of the installation in the database, writes the database back into its file, and returns
// the new sequence.
func (a *App) Advance(ctx context.Context) (int64, error) {
	next := a.installation
	next.Seq++
	if err := a.saveInstallation(ctx, next); err != nil {
		return 0, err
	}
	a.installation = next
	if s, ok := a.store.(*sqlitestore.Store); ok {
		return next.Seq, s.Checkpoint(ctx)
	}
	return next.Seq, nil
}
