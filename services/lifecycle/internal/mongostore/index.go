package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Codes with which a server answers when another replica makes the collection or
// the same index at the same time.
const (
	codeNamespaceExists = 48
	codeWriteConflict   = 112
	codeInProgress      = 117
)

const (
	indexTries = 10
	indexPause = 100 * time.Millisecond
)

// ensureIndexes makes the indexes that are not there. Indexes hold ids, times
// and revisions, never anything about the person.
func (s *Store) ensureIndexes(ctx context.Context) error {
	sparse := func(name string, keys bson.D) mongo.IndexModel {
		return mongo.IndexModel{Keys: keys, Options: options.Index().SetName(name).SetSparse(true)}
	}
	indexes := []mongo.IndexModel{
		sparse("review", bson.D{{Key: "review_at", Value: 1}, {Key: "_id", Value: 1}}),
		sparse("revision", bson.D{{Key: "revision", Value: 1}, {Key: "_id", Value: 1}}),
		sparse("pending", bson.D{{Key: "pending", Value: 1}}),
	}
	for try := 1; ; try++ {
		_, err := s.subjects.Indexes().CreateMany(ctx, indexes)
		if !raced(err) || try == indexTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(indexPause):
		}
	}
}

// raced tells whether another replica did the same at the same time, so that
// trying again will do.
func raced(err error) bool {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return false
	}
	return server.HasErrorCode(codeNamespaceExists) || server.HasErrorCode(codeWriteConflict) || server.HasErrorCode(codeInProgress)
}
