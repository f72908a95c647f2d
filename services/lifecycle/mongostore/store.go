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
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
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
}

// Store is a database. Every write is acknowledged by a majority of members before the call
// returns.
type Store struct {
	client               *mongo.Client
	subjects, identities *mongo.Collection
	journal, policies    *mongo.Collection
	state                *mongo.Collection
	layout               *mongo.Collection
	labels               *mongo.Collection
	known                known
	registry             *bson.Registry
	now                  func() time.Time
}

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
		labels:     db.Collection("labels"),
		registry:   registry,
		now:        opts.Now,
	}
	if err := s.ensureLayout(ctx, layout); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", opts.Database, err), s.Close())
	}
	if err := s.ensureIndexes(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", opts.Database, err), s.Close())
	}
	return s, nil
}

// clientOptions applies the concerns after the URI, so that the URI cannot weaken the concerns.
func clientOptions(opts Options) *options.ClientOptions {
	return options.Client().
		SetAppName("rodopath").
		SetRetryWrites(true).
		ApplyURI(opts.URI).
		SetWriteConcern(writeconcern.Majority()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetBSONOptions(&options.BSONOptions{UseJSONStructTags: true}).
		SetMonitor(opts.Monitor)
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
