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
	err = eachPage(ctx, s.identities, func(page []identity) (string, error) {
		n, err := s.releaseOrphans(ctx, page)
		removed += n
		return page[len(page)-1].Key, err
	})
	if err != nil {
		return removed, fmt.Errorf("remove keys without a subject: %w", err)
	}
	return removed, nil
}

// eachPage visits the documents of a collection in pages, by id; visit returns the last id of a page.
func eachPage[T any](
	ctx context.Context, coll *mongo.Collection, visit func(page []T) (last string, err error), fields ...string,
) error {
	opts := options.Find().SetSort(ascending("_id")).SetLimit(chunk).SetBatchSize(chunk)
	if len(fields) > 0 {
		opts.SetProjection(named(fields...))
	}
	for after := ""; ; {
		page, err := find[T](ctx, coll, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}, opts)
		if err != nil || len(page) == 0 {
			return err
		}
		if after, err = visit(page); err != nil {
			return err
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
	err := eachPage(ctx, s.parts, func(page []part) (string, error) {
		named, err := s.named(ctx, page)
		if err != nil {
			return "", err
		}
		var models []mongo.WriteModel
		for _, p := range page {
			if p.At.Before(before) && !named[p.ID] {
				models = append(models, deletePart(p.ID, p.Subject))
			}
		}
		res, _, err := bulk(ctx, s.parts, models)
		if err != nil {
			return "", err
		}
		removed += int(res.DeletedCount)
		return page[len(page)-1].ID, nil
	}, "_id", "subject", "at")
	return removed, err
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
