package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// write writes the subjects whose keys are claimed.
func (b *batch) write(ctx context.Context) error {
	var rows []*row
	b.writes(func(c *change) { rows = append(rows, c.row) })
	err := b.store.put(ctx, rows)
	b.writes(func(c *change) { c.err = c.row.err })
	return err
}

// redirect writes what is left of absorbed subjects, each on its own version.
func (b *batch) redirect(ctx context.Context) error {
	var rows []*row
	b.writes(func(c *change) { rows = append(rows, c.redirects...) })
	err := b.store.put(ctx, rows)
	b.writes(func(c *change) {
		for _, r := range c.redirects {
			if c.err == nil {
				c.err = r.err
			}
		}
	})
	return err
}

// put writes rows, each on its version. What becomes of a row is in its error.
func (s *Store) put(ctx context.Context, rows []*row) error {
	models := make([]mongo.WriteModel, len(rows))
	for i, r := range rows {
		if r.version == 0 {
			models[i] = mongo.NewInsertOneModel().SetDocument(r.doc)
			continue
		}
		models[i] = mongo.NewReplaceOneModel().
			SetFilter(bson.D{{Key: "_id", Value: r.id}, {Key: "version", Value: r.version}}).
			SetReplacement(r.doc)
	}
	res, failed, err := bulk(ctx, s.subjects, models)
	if err != nil {
		return err
	}
	if len(failed) == 0 && int(res.InsertedCount+res.MatchedCount) == len(rows) {
		return nil
	}
	return s.storeRest(ctx, rows, failed)
}

// storeRest finds out which rows were written. A count does not say which replace
// missed, and a write that was sent twice reports that it found itself there, so
// what is stored decides.
func (s *Store) storeRest(ctx context.Context, rows []*row, failed map[int]error) error {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.id)
	}
	stored, err := s.headers(ctx, ids)
	if err != nil {
		return err
	}
	for i, r := range rows {
		failure := failed[i]
		switch {
		case stored[r.id].Write == r.write:
		case failure != nil && !mongo.IsDuplicateKeyError(failure):
			r.err = fmt.Errorf("write subject %s: %w", r.id, failure)
		case failure == nil && r.version == 0:
			// Inserted for certain; who wrote it since read it first.
		default:
			r.err = conflict(r.id)
		}
	}
	return nil
}

// bulk carries out writes in any order. The errors of single writes are by their
// place; the last error is about the database.
func bulk(ctx context.Context, coll *mongo.Collection, models []mongo.WriteModel) (*mongo.BulkWriteResult, map[int]error, error) {
	if len(models) == 0 {
		return &mongo.BulkWriteResult{}, nil, nil
	}
	res, err := coll.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	failed, err := failures(err)
	return res, failed, err
}

// failures parts the errors of single writes from those of the database. A write
// that a majority did not confirm is the database's: it may yet be rolled back.
func failures(err error) (map[int]error, error) {
	var writes mongo.BulkWriteException
	if err == nil || !errors.As(err, &writes) || writes.WriteConcernError != nil {
		return nil, err
	}
	failed := make(map[int]error, len(writes.WriteErrors))
	for _, w := range writes.WriteErrors {
		// IsDuplicateKeyError knows the exception, not its parts.
		failed[w.Index] = mongo.WriteException{WriteErrors: mongo.WriteErrors{w.WriteError}}
	}
	return failed, nil
}
