package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// storedLabel is a label that a subject has or had.
type storedLabel struct {
	Name string `bson:"_id"`
}

// known are the labels that this process has stored.
type known struct{ names sync.Map }

// missing returns the labels of rows that were not stored by this process.
func (k *known) missing(rows []*row) []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range rows {
		for _, l := range r.labels {
			if _, ok := k.names.Load(l); !ok && !seen[l] {
				seen[l], out = true, append(out, l)
			}
		}
	}
	return out
}

// nameLabels stores the labels of rows that are new, before the rows, so that no subject has a label that is not
// counted.
func (s *Store) nameLabels(ctx context.Context, rows []*row) error {
	names := s.known.missing(rows)
	if len(names) == 0 {
		return nil
	}
	models := make([]mongo.WriteModel, len(names))
	for i, name := range names {
		models[i] = mongo.NewInsertOneModel().SetDocument(storedLabel{name})
	}
	_, failed, err := bulk(ctx, s.labels, models)
	for _, failure := range failed {
		if !mongo.IsDuplicateKeyError(failure) {
			err = errors.Join(err, failure)
		}
	}
	if err != nil {
		return fmt.Errorf("store the labels: %w", err)
	}
	for _, name := range names {
		s.known.names.Store(name, true)
	}
	return nil
}

// Counts returns the number of subjects of each label, from the index.
func (s *Store) Counts(ctx context.Context) (map[string]int64, error) {
	list, err := find[storedLabel](ctx, s.labels, bson.D{}, options.Find())
	if err != nil {
		return nil, fmt.Errorf("read the labels: %w", err)
	}
	counts := make([]int64, len(list))
	err = inParallel(len(list), func(i int) error {
		var answer struct {
			N int64 `bson:"n"`
		}
		err := s.subjects.Database().RunCommand(ctx, bson.D{
			{Key: "count", Value: s.subjects.Name()}, {Key: "query", Value: bson.D{{Key: "labels", Value: list[i].Name}}},
		}).Decode(&answer)
		counts[i] = answer.N
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the subjects of labels: %w", err)
	}
	out := map[string]int64{}
	for i := range list {
		if counts[i] > 0 {
			out[list[i].Name] = counts[i]
		}
	}
	return out, nil
}

// Labelled returns the next subjects that have every label of a page, by id.
func (s *Store) Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	if len(page.Labels) == 0 {
		return nil, store.ErrNoLabel
	}
	if page.Limit <= 0 {
		return nil, nil
	}
	filter := bson.D{{Key: "labels", Value: bson.D{{Key: "$all", Value: page.Labels}}}}
	order, after := 1, "$gt"
	if page.Newest {
		order, after = -1, "$lt"
	}
	if page.After != "" {
		filter = append(filter, bson.E{Key: "_id", Value: bson.D{{Key: after, Value: page.After}}})
	}
	opts := options.Find().SetLimit(int64(page.Limit)).SetSort(bson.D{{Key: "_id", Value: order}})
	list, err := find[bson.Raw](ctx, s.subjects, filter, opts)
	if err != nil {
		return nil, fmt.Errorf("list the subjects of labels: %w", err)
	}
	out, err := s.decode(ctx, list)
	if err != nil {
		return out, fmt.Errorf("list the subjects of labels: %w", err)
	}
	return out, nil
}
