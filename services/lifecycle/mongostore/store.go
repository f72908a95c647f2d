// Package mongostore stores subjects and journals in MongoDB, or in a server with the same
// protocol, for several machines.
//
// Every write is one document, without transactions. Invariants between documents follow from the
// order of the writes: a crash between any two writes loses nothing and is repaired by saving
// again.
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// Options configure a Store.
type Options struct {
	// URI is the connection string. URI may disable retryable writes for servers without support,
	// and cannot weaken the write and read concerns.
	URI string
	// Database is the database's name; empty means "rodopath".
	Database string
	// Monitor observes every command; nil means none.
	Monitor *event.CommandMonitor
	// Now returns the current time, for the age of claims; nil means time.Now.
	Now func() time.Time
	// Patience is how long Open waits for a server that does not answer; 0 means that Open does not wait.
	Patience time.Duration
	// Log receives a warning about a deployment that may lose writes; nil means none.
	Log *slog.Logger
}

// Store is a database. Every write is acknowledged by a majority of members before the call
// returns.
type Store struct {
	client               *mongo.Client
	subjects, identities *mongo.Collection
	journal, policies    *mongo.Collection
	state                *mongo.Collection
	layout               *mongo.Collection
	// parts are the parts of subjects with long lists.
	parts    *mongo.Collection
	parted   parted
	lengths  lengths
	labels   *mongo.Collection
	known    known
	registry *bson.Registry
	now      func() time.Time
}

// commandTimeout bounds every command. It is shorter than the time after which an unacknowledged batch of facts is
// redelivered, so that no two attempts write at once.
const commandTimeout = 10 * time.Second

// closeTimeout is the time for running commands to finish in Close.
const closeTimeout = 10 * time.Second

// Open connects to the database and creates missing indexes.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Database == "" {
		opts.Database = "rodopath"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	// A registry caches the encoding of each struct. This registry is not shared with code that
	// ignores json tags.
	registry := newRegistry()
	client, err := mongo.Connect(clientOptions(opts).SetRegistry(registry))
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db := client.Database(opts.Database)
	s := &Store{
		client:     client,
		subjects:   db.Collection("subjects"),
		identities: db.Collection("identities"),
		journal:    db.Collection("journal"),
		policies:   db.Collection("policies"),
		state:      db.Collection("state"),
		layout:     db.Collection("layout"),
		parts:      db.Collection("parts"),
		labels:     db.Collection("labels"),
		registry:   registry,
		now:        opts.Now,
		lengths:    usualLengths(),
	}
	if err := s.await(ctx, db, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", opts.Database, err), s.Close())
	}
	return s, nil
}

// awaitPause is the pause between two attempts to reach a server at the start.
const awaitPause = time.Second

// await prepares the database, and waits for a server that does not answer.
func (s *Store) await(ctx context.Context, db *mongo.Database, opts Options) error {
	prepare := func() error { return s.prepare(ctx, db, opts.Log) }
	if opts.Patience == 0 {
		return prepare()
	}
	return loop.Await(ctx, awaitPause, opts.Patience, isAway, func(err error) {
		opts.Log.WarnContext(ctx, "the database does not answer; further attempts follow",
			"for_seconds", opts.Patience.Seconds(), "error", err)
	}, prepare)
}

// isAway reports whether an error means that no server answers.
func isAway(err error) bool { return mongo.IsNetworkError(err) || mongo.IsTimeout(err) }

// prepare checks the deployment and the version of the documents, and creates missing indexes.
func (s *Store) prepare(ctx context.Context, db *mongo.Database, log *slog.Logger) error {
	t, err := topologyOf(ctx, db)
	if err != nil {
		return err
	}
	warnings, err := t.check()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		log.WarnContext(ctx, w)
	}
	if err := s.ensureLayout(ctx, layout); err != nil {
		return err
	}
	return s.ensureIndexes(ctx, t)
}

// clientOptions applies the concerns after the URI, so that the URI cannot weaken the concerns.
func clientOptions(opts Options) *options.ClientOptions {
	return options.Client().
		SetAppName("rodopath").
		SetRetryWrites(true).
		SetTimeout(commandTimeout).
		ApplyURI(opts.URI).
		SetWriteConcern(durable()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetBSONOptions(&options.BSONOptions{UseJSONStructTags: true}).
		SetMonitor(opts.Monitor)
}

// durable is the write concern of a write that survives the loss of a minority of members, and the loss of power at
// all of them: without the journal a member acknowledges what its memory holds.
func durable() *writeconcern.WriteConcern {
	c := writeconcern.Majority()
	c.Journal = new(true)
	return c
}

// Close waits for running commands, up to closeTimeout, and closes the connections. A second Close
// is no error.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
