// Package mongostore keeps subjects and their journals in MongoDB, or in a server
// that speaks its protocol, for many machines.
//
// It writes one document at a time and uses no transaction: what must hold
// between documents holds by the order in which they are written, so that a
// crash between any two writes loses nothing and is made good by saving again.
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

// Options say where the subjects are kept.
type Options struct {
	// URI is the connection string. It may turn retryable writes off, for servers
	// that have none; it cannot weaken the write and read concerns.
	URI string
	// Database is the database's name; empty means "rodopath".
	Database string
	// Monitor is told of every command, when set.
	Monitor *event.CommandMonitor
	// Now tells the age of claims; nil means time.Now.
	Now func() time.Time
}

// Store is a database. All writes are acknowledged by a majority of its members
// when they return.
type Store struct {
	client               *mongo.Client
	subjects, identities *mongo.Collection
	journal, policies    *mongo.Collection
	layout               *mongo.Collection
	registry             *bson.Registry
	now                  func() time.Time
}

// closeTimeout is how long Close waits for running commands.
const closeTimeout = 10 * time.Second

// Open connects to the database and ensures its indexes.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Database == "" {
		opts.Database = "rodopath"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	// A registry remembers how each struct is named, so this one is shared with
	// nobody who might not read json tags.
	registry := bson.NewRegistry()
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
		layout:     db.Collection("layout"),
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

// clientOptions sets the concerns after the URI, which therefore cannot weaken
// them.
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

// Close waits a little for running commands and closes the connections. Closing
// twice is no error.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
