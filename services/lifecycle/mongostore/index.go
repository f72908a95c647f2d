package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// Error codes of a server when another replica creates the same collection or index concurrently.
const (
	codeNamespaceExists = 48
	codeWriteConflict   = 112
	codeInProgress      = 117
)

// Error codes of a server for an index that does not exist.
const (
	codeNamespaceNotFound = 26
	codeIndexNotFound     = 27
)

const (
	indexTries = 10
	indexPause = 100 * time.Millisecond
)

// ensureIndexes creates missing indexes, and drops those of earlier versions that another one replaces. Indexes contain
// ids, times, revisions and keys of notes, and no personal data.
func (s *Store) ensureIndexes(ctx context.Context, t topology) error {
	err := ensure(ctx, t, s.subjects,
		partial("review_due", present("review_at"), "review_at", "_id"),
		partial("request_open", present("request_due"), "request_due", "_id"),
		partial("notice_open", present("notice_due"), "notice_due", "_id"),
		partial("revision_of", present("revision"), "revision", "_id"),
		partial("publication", bson.D{{Key: "pending", Value: true}}, "pending", "_id"),
		partial("labels_of", present("labels"), "labels", "_id"),
	)
	if err != nil {
		return err
	}
	if err := ensure(ctx, t, s.parts, full("subject", "subject")); err != nil {
		return err
	}
	err = ensure(
		ctx,
		t,
		s.journal,
		full("order", "subject", "seq"),
		full("key", "subject", "key"),
		full("at", "at"),
		partial("decision_of", present("decision"), "decision"),
	)
	if err != nil {
		return err
	}
	return errors.Join(
		drop(ctx, s.subjects, "review", "request", "notice", "revision", "waiting"),
		drop(ctx, s.journal, "decision"),
	)
}

func full(name string, fields ...string) mongo.IndexModel {
	return mongo.IndexModel{Keys: ascending(fields...), Options: options.Index().SetName(name)}
}

// partial is an index of the documents that satisfy a condition. A sparse index with _id among its fields would
// contain every document.
func partial(name string, condition bson.D, fields ...string) mongo.IndexModel {
	index := full(name, fields...)
	index.Options.SetPartialFilterExpression(condition)
	return index
}

// present is the condition that a document has a field.
func present(field string) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$exists", Value: true}}}}
}

// drop drops indexes that may be missing.
func drop(ctx context.Context, coll *mongo.Collection, names ...string) error {
	for _, name := range names {
		if err := coll.Indexes().DropOne(ctx, name); err != nil && !isMissing(err) {
			return fmt.Errorf("drop the index %s: %w", name, err)
		}
	}
	return nil
}

// isMissing reports whether an index, or its collection, does not exist.
func isMissing(err error) bool {
	var server mongo.ServerError
	return errors.As(err, &server) &&
		(server.HasErrorCode(codeIndexNotFound) || server.HasErrorCode(codeNamespaceNotFound))
}

// ensure makes the indexes of one collection. A replica set builds an index on a majority of the members with data, and
// does not wait for a member that is away.
func ensure(ctx context.Context, t topology, coll *mongo.Collection, indexes ...mongo.IndexModel) error {
	opts := options.CreateIndexes()
	if t.isReplicaSet() {
		opts.SetCommitQuorumMajority()
	}
	return loop.Retry(ctx, indexPause, indexTries*indexPause, isConcurrent, func() error {
		_, err := coll.Indexes().CreateMany(ctx, indexes, opts)
		return err
	})
}

// isConcurrent reports whether another replica made the same change concurrently, in which case
// another attempt succeeds.
func isConcurrent(err error) bool {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return false
	}
	return server.HasErrorCode(codeNamespaceExists) || server.HasErrorCode(codeWriteConflict) ||
		server.HasErrorCode(codeInProgress)
}
