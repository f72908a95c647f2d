package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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

// Labelled returns the next subjects that have every label of a page, in its order.
func (s *Store) Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	if len(page.Labels) == 0 {
		return nil, store.ErrNoLabel
	}
	if page.Limit <= 0 {
		return nil, nil
	}
	lists, err := listsOf(&page)
	if err != nil {
		return nil, err
	}
	var out []lifecycle.Subject
	for _, l := range lists {
		if len(out) == page.Limit {
			break
		}
		filter := append(bson.D{{Key: "labels", Value: bson.D{{Key: "$all", Value: page.Labels}}}}, l.filter...)
		opts := options.Find().SetLimit(int64(page.Limit - len(out))).SetSort(l.sort)
		list, err := find[bson.Raw](ctx, s.subjects, filter, opts)
		if err != nil {
			return nil, fmt.Errorf("list the subjects of labels: %w", err)
		}
		more, err := s.decode(ctx, list)
		if out = append(out, more...); err != nil {
			return out, fmt.Errorf("list the subjects of labels: %w", err)
		}
	}
	return out, nil
}

// sortedList is a part of a list: a filter beside that of the labels, and its order.
type sortedList struct{ filter, sort bson.D }

// listsOf are the parts of a page, one after the other. A list by an instant goes on among the subjects of one instant,
// then with later ones, and ends with the subjects without the instant.
func listsOf(page *store.Page) ([]sortedList, error) {
	order, after := 1, "$gt"
	if page.Newest {
		order, after = -1, "$lt"
	}
	byID := bson.D{{Key: "_id", Value: order}}
	idAfter := func(id string) bson.E { return bson.E{Key: "_id", Value: bson.D{{Key: after, Value: id}}} }
	if page.Sort == store.SortStored {
		if page.After == "" {
			return []sortedList{{sort: byID}}, nil
		}
		return []sortedList{{filter: bson.D{idAfter(page.After)}, sort: byID}}, nil
	}
	place, err := page.Place()
	if err != nil {
		return nil, err
	}
	field := fieldOf(page.Sort)
	timeless := sortedList{filter: bson.D{{Key: field, Value: bson.D{{Key: "$exists", Value: false}}}}, sort: byID}
	byTime := bson.D{{Key: field, Value: order}, {Key: "_id", Value: order}}
	switch {
	case place.Timeless:
		timeless.filter = append(timeless.filter, idAfter(place.ID))
		return []sortedList{timeless}, nil
	case place.Begin:
		all := bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: time.Time{}}}}}
		return []sortedList{{filter: all, sort: byTime}, timeless}, nil
	}
	return []sortedList{
		{filter: bson.D{{Key: field, Value: place.At}, idAfter(place.ID)}, sort: byID},
		{filter: bson.D{{Key: field, Value: bson.D{{Key: after, Value: place.At}}}}, sort: byTime},
		timeless,
	}, nil
}

// fieldOf is the field of an order, which has an index with the id.
func fieldOf(by store.Sort) string {
	switch by {
	case store.SortRequest:
		return "request_due"
	case store.SortNotice:
		return "notice_due"
	case store.SortReview, store.SortStored:
	}
	return "review_at"
}
