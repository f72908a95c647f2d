package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// orphanedAfter is the age from which a claim of a subject that is not stored is removed. It is far above the time that
// a writer needs between the claim and the subject.
const orphanedAfter = time.Hour

// ReleaseOrphans removes the keys that a writer claimed and whose subject was never stored, because the writer broke
// off and nobody tried again: keys are keyed hashes of persons. The number of removed keys is returned. A call reads
// all keys, so calls should be rare.
func (s *Store) ReleaseOrphans(ctx context.Context) (int, error) {
	removed := 0
	for after := ""; ; {
		page, err := find[identity](ctx, s.identities, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}},
			options.Find().SetSort(ascending("_id")).SetLimit(chunk).SetBatchSize(chunk))
		if err != nil {
			return removed, fmt.Errorf("look for keys without a subject: %w", err)
		}
		if len(page) == 0 {
			return removed, nil
		}
		after = page[len(page)-1].Key
		n, err := s.releaseOrphans(ctx, page)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("remove keys without a subject: %w", err)
		}
	}
}

// releaseOrphans removes the orphans among keys.
func (s *Store) releaseOrphans(ctx context.Context, page []identity) (int, error) {
	var old []identity
	var ids []string
	before := s.now().Add(-orphanedAfter)
	for _, i := range page {
		if i.At.Before(before) {
			old, ids = append(old, i), append(ids, i.Subject)
		}
	}
	stored, err := s.headers(ctx, sorted(ids))
	if err != nil {
		return 0, err
	}
	var models []mongo.WriteModel
	for _, i := range old {
		if _, ok := stored[i.Subject]; !ok {
			models = append(models, mongo.NewDeleteOneModel().SetFilter(bson.D{
				{Key: "_id", Value: i.Key}, {Key: "subject", Value: i.Subject}, {Key: "at", Value: i.At},
			}))
		}
	}
	res, _, err := bulk(ctx, s.identities, models)
	if err != nil {
		return 0, err
	}
	return int(res.DeletedCount), nil
}
