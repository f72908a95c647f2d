package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Bounds returns at most n-1 ids, in order, that divide the subjects into ranges of about the same size: each range
// ends with one of the ids, and the last range has no end. The ids are found on the index of the ids.
func (s *Store) Bounds(ctx context.Context, n int) ([]string, error) {
	total, err := s.subjects.EstimatedDocumentCount(ctx)
	if err != nil {
		return nil, fmt.Errorf("divide the subjects: %w", err)
	}
	size := total / int64(max(n, 1))
	var out []string
	for last := ""; size > 0 && len(out) < n-1; last = out[len(out)-1] {
		opts := options.Find().SetSort(ascending("_id")).SetSkip(size - 1).SetLimit(1).SetProjection(named("_id"))
		found, err := find[header](ctx, s.subjects, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: last}}}}, opts)
		if err != nil {
			return nil, fmt.Errorf("divide the subjects: %w", err)
		}
		if len(found) == 0 { // some were removed meanwhile
			break
		}
		out = append(out, found[0].ID)
	}
	return out, nil
}
