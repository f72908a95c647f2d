package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// write writes the subjects with claimed keys.
func (b *batch) write(ctx context.Context) error {
	var rows []*row
	b.writes(func(c *change) { rows = append(rows, c.row) })
	err := b.store.writeRows(ctx, rows)
	b.writes(func(c *change) { c.err = c.row.err })
	return err
}

// redirect writes the redirects of merged subjects, each on its own version.
func (b *batch) redirect(ctx context.Context) error {
	var rows []*row
	b.writes(func(c *change) { rows = append(rows, c.redirects...) })
	err := b.store.writeRows(ctx, rows)
	b.writes(func(c *change) {
		for _, r := range c.redirects {
			if c.err == nil {
				c.err = r.err
			}
		}
	})
	return err
}

// writeRows writes rows, each on its version. The result is the error of the row.
func (s *Store) writeRows(ctx context.Context, rows []*row) error {
	if err := s.storeParts(ctx, rows); err != nil {
		return err
	}
	ready := make([]*row, 0, len(rows))
	for _, r := range rows {
		if r.err == nil {
			ready = append(ready, r)
		}
	}
	if err := s.replaceRows(ctx, ready); err != nil {
		return err
	}
	return s.dropParts(ctx, ready)
}

// replaceRows inserts or replaces the documents of rows.
func (s *Store) replaceRows(ctx context.Context, rows []*row) error {
	if err := s.nameLabels(ctx, rows); err != nil {
		return err
	}
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
	return s.resolveRows(ctx, rows, failed)
}

// resolveRows determines which rows were written. A count does not identify the failed replace, and
// a repeated insert reports a duplicate of itself, so the stored write id decides.
func (s *Store) resolveRows(ctx context.Context, rows []*row, failed map[int]error) error {
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
			// The insert succeeded; a later writer has replaced the document.
		default:
			r.err = conflict(r.id)
		}
	}
	return nil
}

// bulk executes writes in any order. The errors of single writes are keyed by position; the last
// error is an error of the database.
func bulk(
	ctx context.Context,
	coll *mongo.Collection,
	models []mongo.WriteModel,
) (*mongo.BulkWriteResult, map[int]error, error) {
	if len(models) == 0 {
		return &mongo.BulkWriteResult{}, nil, nil
	}
	res, err := coll.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	failed, err := splitErrors(err)
	return res, failed, err
}

// splitErrors separates the errors of single writes from an error of the database. A write without
// confirmation by a majority is an error of the database: the write may be rolled back.
func splitErrors(err error) (map[int]error, error) {
	var writes mongo.BulkWriteException
	if err == nil || !errors.As(err, &writes) || writes.WriteConcernError != nil {
		return nil, err
	}
	failed := make(map[int]error, len(writes.WriteErrors))
	for _, w := range writes.WriteErrors {
		// IsDuplicateKeyError accepts the exception and not its parts.
		failed[w.Index] = mongo.WriteException{WriteErrors: mongo.WriteErrors{w.WriteError}}
	}
	return failed, nil
}
