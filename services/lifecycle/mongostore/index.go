package mongostore

import (
	"context"
	"errors"
	"time"

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

const (
	indexTries = 10
	indexPause = 100 * time.Millisecond
)

// ensureIndexes creates missing indexes. Indexes contain ids, times, revisions and keys of notes,
// and no personal data.
func (s *Store) ensureIndexes(ctx context.Context) error {
	err := ensure(ctx, s.subjects,
		sparse("review", "review_at", "_id"),
		sparse("request", "request_due", "_id"),
		sparse("notice", "notice_due", "_id"),
		sparse("revision", "revision", "_id"),
		sparse("waiting", "pending", "_id"),
		sparse("labels", "labels", "_id"),
	)
	if err != nil {
		return err
	}
	return ensure(
		ctx,
		s.journal,
		full("order", "subject", "seq"),
		full("key", "subject", "key"),
		full("at", "at"),
		sparse("decision", "decision"),
	)
}

func full(name string, fields ...string) mongo.IndexModel {
	return mongo.IndexModel{Keys: ascending(fields...), Options: options.Index().SetName(name)}
}

func sparse(name string, fields ...string) mongo.IndexModel {
	index := full(name, fields...)
	index.Options.SetSparse(true)
	return index
}

// ensure makes the indexes of one collection.
func ensure(ctx context.Context, coll *mongo.Collection, indexes ...mongo.IndexModel) error {
	return loop.Retry(ctx, indexPause, indexTries*indexPause, isConcurrent, func() error {
		_, err := coll.Indexes().CreateMany(ctx, indexes)
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
