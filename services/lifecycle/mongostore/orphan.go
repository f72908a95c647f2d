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
// off and nobody tried again: keys are keyed hashes of persons. The parts of subjects that no subject names go as well.
// The number of removed documents is returned. A call reads all keys, so calls should be rare.
func (s *Store) ReleaseOrphans(ctx context.Context) (int, error) {
	removed, err := s.releaseParts(ctx)
	if err != nil {
		return removed, fmt.Errorf("remove parts without a subject: %w", err)
	}
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

// releaseParts removes the parts that no subject names.
func (s *Store) releaseParts(ctx context.Context) (int, error) {
	removed := 0
	before := s.now().Add(-orphanedAfter)
	for after := ""; ; {
		page, err := find[part](ctx, s.parts, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}},
			options.Find().SetSort(ascending("_id")).SetLimit(chunk).SetProjection(named("_id", "subject", "at")))
		if err != nil || len(page) == 0 {
			return removed, err
		}
		after = page[len(page)-1].ID
		named, err := s.named(ctx, page)
		if err != nil {
			return removed, err
		}
		var models []mongo.WriteModel
		for _, p := range page {
			if p.At.Before(before) && !named[p.ID] {
				models = append(models, deletePart(p.ID, p.Subject))
			}
		}
		res, _, err := bulk(ctx, s.parts, models)
		if err != nil {
			return removed, err
		}
		removed += int(res.DeletedCount)
	}
}

// named reports which parts their subjects name.
func (s *Store) named(ctx context.Context, page []part) (map[string]bool, error) {
	var ids []string
	for _, p := range page {
		ids = append(ids, p.Subject)
	}
	subjects, err := s.namings(ctx, sorted(ids))
	out := map[string]bool{}
	for _, n := range subjects {
		for _, p := range n.Parts {
			out[p.ID] = true
		}
	}
	return out, err
}
