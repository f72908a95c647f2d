package mongostore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// chunk is how many ids one find asks for.
const chunk = 1000

// Lookup finds the subjects that keys belong to; unknown keys are left out.
func (s *Store) Lookup(ctx context.Context, keys []string) (map[string]string, error) {
	owners, err := s.owners(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("look up %d keys: %w", len(keys), err)
	}
	found := make(map[string]string, len(owners))
	for key, owner := range owners {
		found[key] = owner.Subject
	}
	return found, nil
}

// owners reads who keys belong to, and since when.
func (s *Store) owners(ctx context.Context, keys []string) (map[string]identity, error) {
	list, err := byID[identity](ctx, s.identities, keys)
	found := make(map[string]identity, len(list))
	for _, i := range list {
		found[i.Key] = i
	}
	return found, err
}

// headers reads under which version and by which write subjects are stored.
func (s *Store) headers(ctx context.Context, ids []string) (map[string]header, error) {
	list, err := byID[header](ctx, s.subjects, ids, "_id", "version", "write")
	found := make(map[string]header, len(list))
	for _, h := range list {
		found[h.ID] = h
	}
	return found, err
}

// Load reads subjects; unknown ids are left out.
func (s *Store) Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error) {
	list, err := byID[document](ctx, s.subjects, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d subjects: %w", len(ids), err)
	}
	found := make(map[string]lifecycle.Subject, len(list))
	for i := range list {
		found[list[i].ID] = list[i].subject()
	}
	return found, nil
}

// Pending returns subjects whose outbox is not empty.
func (s *Store) Pending(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	if limit <= 0 {
		return nil, nil // to a server, 0 means all
	}
	list, err := find[document](ctx, s.subjects, bson.D{{Key: "pending", Value: true}}, options.Find().SetLimit(int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("read pending subjects: %w", err)
	}
	out := make([]lifecycle.Subject, len(list))
	for i := range list {
		out[i] = list[i].subject()
	}
	return out, nil
}

// Due returns the ids of subjects whose review time has come, the earliest
// first, and then of those decided under another policy revision.
func (s *Store) Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	// Two ranges of an index, where $ne would walk all of it.
	for _, q := range []struct {
		field, op string
		value     any
	}{
		{"review_at", "$lte", at},
		{"revision", "$lt", revision},
		{"revision", "$gt", revision},
	} {
		if len(out) >= limit {
			break
		}
		opts := options.Find().
			SetSort(bson.D{{Key: q.field, Value: 1}, {Key: "_id", Value: 1}}).
			SetLimit(int64(limit)).
			SetProjection(bson.D{{Key: "_id", Value: 1}})
		list, err := find[header](ctx, s.subjects, bson.D{{Key: q.field, Value: bson.D{{Key: q.op, Value: q.value}}}}, opts)
		if err != nil {
			return nil, fmt.Errorf("read due subjects: %w", err)
		}
		for _, h := range list {
			if !seen[h.ID] && len(out) < limit {
				seen[h.ID], out = true, append(out, h.ID)
			}
		}
	}
	return out, nil
}

// byID reads documents, of which only the named fields if any are named.
func byID[T any](ctx context.Context, coll *mongo.Collection, ids []string, fields ...string) ([]T, error) {
	opts := options.Find().SetBatchSize(chunk)
	if len(fields) > 0 {
		var projection bson.D
		for _, f := range fields {
			projection = append(projection, bson.E{Key: f, Value: 1})
		}
		opts.SetProjection(projection)
	}
	var out []T
	for part := range slices.Chunk(ids, chunk) {
		list, err := find[T](ctx, coll, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: part}}}}, opts)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func find[T any](ctx context.Context, coll *mongo.Collection, filter bson.D, opts *options.FindOptionsBuilder) ([]T, error) {
	cursor, err := coll.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var out []T
	err = cursor.All(ctx, &out) // closes the cursor
	return out, err
}
