package mongostore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// chunk is the number of ids in one query.
const chunk = 1000

// Lookup returns the subjects of keys; unknown keys are absent.
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

// owners returns the subjects of keys, with the times of the claims.
func (s *Store) owners(ctx context.Context, keys []string) (map[string]identity, error) {
	list, err := byID[identity](ctx, s.identities, keys)
	found := make(map[string]identity, len(list))
	for _, i := range list {
		found[i.Key] = i
	}
	return found, err
}

// headers returns the versions and write ids of stored subjects.
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
	list, err := byID[bson.Raw](ctx, s.subjects, ids)
	var subjects []lifecycle.Subject
	if err == nil {
		subjects, err = s.decode(ctx, list)
	}
	found := make(map[string]lifecycle.Subject, len(subjects))
	for _, subject := range subjects {
		found[subject.ID] = subject
	}
	if err != nil {
		return found, fmt.Errorf("load %d subjects: %w", len(ids), err)
	}
	return found, nil
}

// Pending returns subjects after an id with unpublished decisions or unwritten journal entries, by id.
func (s *Store) Pending(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	out, err := s.page(ctx, limit, bson.D{
		{Key: "pending", Value: true}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}},
	}, "_id")
	if err != nil {
		return out, fmt.Errorf("read pending subjects: %w", err)
	}
	return out, nil
}

// CountPending returns the number of subjects with unpublished decisions or unwritten journal entries, up to limit.
func (s *Store) CountPending(ctx context.Context, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	opts := options.Find().SetLimit(int64(limit)).SetProjection(named("_id")).SetBatchSize(countBatch)
	list, err := find[header](ctx, s.subjects, bson.D{{Key: "pending", Value: true}}, opts)
	if err != nil {
		return 0, fmt.Errorf("count pending subjects: %w", err)
	}
	return len(list), nil
}

// Requested returns subjects with an open request, by deadline.
func (s *Store) Requested(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	// A condition of $exists would not use the bounds of the index, which also has an entry for
	// every other subject, because _id is part of the index. A minimum of the zero time does.
	due := bson.D{{Key: "request_due", Value: bson.D{{Key: "$gte", Value: time.Time{}}}}}
	out, err := s.page(ctx, limit, due, "request_due", "_id")
	if err != nil {
		return out, fmt.Errorf("read subjects with open requests: %w", err)
	}
	return out, nil
}

// Unconfirmed returns subjects with decisions that recipients have not answered, by deadline of the
// answer.
func (s *Store) Unconfirmed(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	due := bson.D{{Key: "notice_due", Value: bson.D{{Key: "$gte", Value: time.Time{}}}}}
	out, err := s.page(ctx, limit, due, "notice_due", "_id")
	if err != nil {
		return out, fmt.Errorf("read subjects with unconfirmed decisions: %w", err)
	}
	return out, nil
}

// OpenNotices returns the notices of subjects with decisions that recipients have not answered, of at most limit
// subjects, by deadline of the answer. Nothing else of the subjects is read.
func (s *Store) OpenNotices(ctx context.Context, limit int) ([]notice.Notice, error) {
	if limit <= 0 {
		return nil, nil
	}
	opts := options.Find().
		SetSort(ascending("notice_due", "_id")).
		SetLimit(int64(limit)).SetProjection(named("subject.notices", "head.notices")).SetBatchSize(chunk)
	due := bson.D{{Key: "notice_due", Value: bson.D{{Key: "$gte", Value: time.Time{}}}}}
	list, err := find[bson.Raw](ctx, s.subjects, due, opts)
	if err != nil {
		return nil, fmt.Errorf("read unconfirmed decisions: %w", err)
	}
	var out []notice.Notice
	for _, raw := range list {
		var d struct {
			Subject struct{ Notices []notice.Notice } `bson:"subject"`
			Head    struct{ Notices []notice.Notice } `bson:"head"`
		}
		if err := s.unmarshal(raw, &d); err != nil {
			return nil, fmt.Errorf("read unconfirmed decisions: %w", err)
		}
		out = append(append(out, d.Subject.Notices...), d.Head.Notices...)
	}
	return out, nil
}

// Walk returns the subjects after an id, by id, without redirects. Only an empty page is the end of
// the walk.
func (s *Store) Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	following := bson.D{
		{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}},
		{Key: "revision", Value: bson.D{{Key: "$exists", Value: true}}},
	}
	out, err := s.page(ctx, limit, following, "_id")
	if err != nil {
		return out, fmt.Errorf("walk subjects after %q: %w", after, err)
	}
	return out, nil
}

// page reads at most limit subjects, sorted by fields if any are named.
func (s *Store) page(ctx context.Context, limit int, filter bson.D, sort ...string) ([]lifecycle.Subject, error) {
	if limit <= 0 {
		return nil, nil // to a server, 0 means all
	}
	opts := options.Find().SetLimit(int64(limit))
	if len(sort) > 0 {
		opts.SetSort(ascending(sort...))
	}
	list, err := find[bson.Raw](ctx, s.subjects, filter, opts)
	if err != nil {
		return nil, err
	}
	return s.decode(ctx, list)
}

// readTries bounds the attempts to read a subject that is written meanwhile.
const readTries = 10

// decode returns the subjects of documents, with their parts. The error is a store.DamagedError if only some documents
// cannot be decoded.
func (s *Store) decode(ctx context.Context, docs []bson.Raw) ([]lifecycle.Subject, error) {
	var damaged store.Damaged
	out := make([]lifecycle.Subject, 0, len(docs))
	for try := 0; len(docs) > 0; try++ {
		whole, torn, err := s.decodeOnce(ctx, docs, &damaged)
		if err != nil {
			return nil, err
		}
		if out = append(out, whole...); len(torn) == 0 {
			break
		}
		if try == readTries {
			for _, id := range torn {
				damaged.Add(id, errParts)
			}
			break
		}
		if docs, err = byID[bson.Raw](ctx, s.subjects, torn); err != nil {
			return nil, err
		}
	}
	return out, damaged.Err()
}

// errParts means that the parts of a subject are missing.
var errParts = errors.New("parts of the subject are missing")

// decodeOnce returns the subjects that are whole, and the ids of those that were written while their parts were read.
func (s *Store) decodeOnce(
	ctx context.Context, docs []bson.Raw, damaged *store.Damaged,
) (whole []lifecycle.Subject, torn []string, err error) {
	found := make([]stored, 0, len(docs))
	for _, raw := range docs {
		var d stored
		if err := s.unmarshal(raw, &d); err != nil {
			id, _ := raw.Lookup("_id").StringValueOK()
			damaged.Add(id, err)
			continue
		}
		found = append(found, d)
	}
	pieces, err := s.listsOf(ctx, found)
	if err != nil {
		return nil, nil, err
	}
	for i := range found {
		subject, err := s.subject(&found[i], pieces)
		switch {
		case errors.Is(err, errParts):
			torn = append(torn, found[i].ID)
		case err != nil:
			damaged.Add(found[i].ID, err)
		default:
			whole = append(whole, subject)
		}
	}
	return whole, torn, nil
}

// subject returns the subject of a document with the stored version.
func (s *Store) subject(d *stored, pieces map[string]lists) (lifecycle.Subject, error) {
	subject := d.Head
	if len(d.Parts) == 0 {
		raw, ok := d.Subject.DocumentOK()
		if !ok {
			return subject, fmt.Errorf("subject %s is no document", d.ID)
		}
		if err := s.unmarshal(raw, &subject); err != nil {
			return subject, err
		}
		subject.Version = d.Version
		subject.RestoreLabels(d.Labels)
		return subject, nil
	}
	s.parted.add(d.ID)
	of := make([]lists, len(d.Parts))
	for i, p := range d.Parts {
		piece, ok := pieces[p.ID]
		if !ok {
			return subject, errParts
		}
		of[i] = piece
	}
	subject = join(subject, of)
	subject.Version = d.Version
	subject.RestoreLabels(d.Labels)
	return subject, nil
}

// unmarshal decodes a document as marshal encodes it.
func (s *Store) unmarshal(raw bson.Raw, into any) error {
	dec := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(raw)))
	dec.SetRegistry(s.registry)
	dec.UseJSONStructTags()
	return dec.Decode(into)
}

// countBatch is the number of ids in one response during a count.
const countBatch = 10_000

// Count returns the number of stored subjects, without redirects. Every call reads the whole index,
// because a server counts with a filter only in an aggregation; calls should be infrequent.
func (s *Store) Count(ctx context.Context) (int64, error) {
	subjects := bson.D{{Key: "revision", Value: bson.D{{Key: "$gte", Value: ""}}}}
	cursor, err := s.subjects.Find(ctx, subjects, options.Find().SetProjection(named("_id")).SetBatchSize(countBatch))
	if err != nil {
		return 0, fmt.Errorf("count subjects: %w", err)
	}
	defer cursor.Close(ctx)
	var n int64
	for cursor.Next(ctx) {
		n++
	}
	if err := cursor.Err(); err != nil {
		return 0, fmt.Errorf("count subjects: %w", err)
	}
	return n, nil
}

// Due returns the ids of subjects whose review time has passed, the earliest first, and then of
// subjects evaluated under another policy revision.
func (s *Store) Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	// Two ranges use the index; $ne would scan the whole index.
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
		opts := options.Find().SetSort(ascending(q.field, "_id")).SetLimit(int64(limit)).SetProjection(named("_id"))
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

// byID reads documents by id, projected to the named fields if any.
func byID[T any](ctx context.Context, coll *mongo.Collection, ids []string, fields ...string) ([]T, error) {
	opts := options.Find().SetBatchSize(chunk)
	if len(fields) > 0 {
		opts.SetProjection(named(fields...))
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

func find[T any](
	ctx context.Context,
	coll *mongo.Collection,
	filter bson.D,
	opts *options.FindOptionsBuilder,
) ([]T, error) {
	cursor, err := coll.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var out []T
	err = cursor.All(ctx, &out) // closes the cursor
	return out, err
}

// ascending is the order by fields, one after the other.
func ascending(fields ...string) bson.D {
	out := make(bson.D, len(fields))
	for i, f := range fields {
		out[i] = bson.E{Key: f, Value: 1}
	}
	return out
}

// named is a projection to fields, which has the same form as an ordering.
func named(fields ...string) bson.D { return ascending(fields...) }

// parallelism is the number of concurrent commands where no batch command exists.
const parallelism = 8

// inParallel does n pieces of work, several at once, until one fails.
func inParallel(n int, work func(i int) error) error {
	workers := min(parallelism, n)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = work(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
