package mongostore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// A subject with long lists is stored in parts: the lists are cut into parts with documents of their own, which never
// change, and the document of the subject names the parts. A write stores the parts that are new, replaces the
// document on its version, and removes the parts that the document names no more. So one more fact of a person with
// many costs one part, and no document grows without a bound.

// lengths are the greatest lengths of lists in one document. A longer list is cut into parts of at most that length,
// and of at least a quarter.
type lengths struct{ facts, keys, announced int }

// usualLengths keep a part below 64 KiB.
func usualLengths() lengths { return lengths{facts: 128, keys: 1024, announced: 256} }

// partRef names a part in the document of its subject.
type partRef struct {
	ID string `bson:"id"`
	// Hash is the hash of the content, by which a later write finds the part unchanged.
	Hash string `bson:"hash"`
}

// part is a piece of the lists of a subject.
type part struct {
	// ID is random: a part of the same content that another writer is about to remove is another part.
	ID      string    `bson:"_id"`
	Subject string    `bson:"subject"`
	At      time.Time `bson:"at"`
	Lists   lists     `bson:"lists"`
}

// lists are the lists of a subject that are stored in parts.
type lists struct {
	Facts     []fact.Fact                   `bson:"facts,omitempty"`
	Keys      []string                      `bson:"keys,omitempty"`
	Announced []lifecycle.AnnouncedDeletion `bson:"announced,omitempty"`
}

// split returns a subject without its long lists, and the lists in pieces. Both together are the subject.
func (l lengths) split(s lifecycle.Subject) (head lifecycle.Subject, pieces []lists) {
	if len(s.Facts) > l.facts {
		for _, p := range cut(s.Facts, l.facts, func(f fact.Fact) string { return f.ID }) {
			pieces = append(pieces, lists{Facts: p})
		}
		s.Facts = nil
	}
	if len(s.Keys) > l.keys {
		for _, p := range cut(s.Keys, l.keys, func(k string) string { return k }) {
			pieces = append(pieces, lists{Keys: p})
		}
		s.Keys = nil
	}
	if len(s.Announced) > l.announced {
		name := func(d lifecycle.AnnouncedDeletion) string { return d.Decision + d.Ref }
		for _, p := range cut(s.Announced, l.announced, name) {
			pieces = append(pieces, lists{Announced: p})
		}
		s.Announced = nil
	}
	return s, pieces
}

// join adds the lists of parts to a subject, in order.
func join(s lifecycle.Subject, parts []lists) lifecycle.Subject {
	for _, p := range parts {
		s.Facts = append(s.Facts, p.Facts...)
		s.Keys = append(s.Keys, p.Keys...)
		s.Announced = append(s.Announced, p.Announced...)
	}
	return s
}

// cut cuts a list into pieces of a greatest length. The elements themselves decide where a piece ends, so that an
// element in the middle of a list changes one piece, and not all that follow.
func cut[T any](list []T, most int, name func(T) string) [][]T {
	var out [][]T
	from := 0
	for i, e := range list {
		if n := i + 1 - from; n == most || n >= max(1, most/4) && ends(name(e), max(1, most/4)) {
			out = append(out, list[from:i+1:i+1])
			from = i + 1
		}
	}
	if from < len(list) {
		out = append(out, list[from:])
	}
	return out
}

// ends reports whether a piece ends behind an element: behind one of n.
func ends(name string, n int) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))         // never fails
	return int(h.Sum32()%uint32(n)) == 0 //nolint:gosec // n is small and positive
}

// newPart is a part that may have to be stored.
type newPart struct {
	ref   partRef
	lists lists
}

// partsOf names the pieces of a subject by the hashes of their contents.
func (s *Store) partsOf(subject string, pieces []lists) ([]newPart, error) {
	out := make([]newPart, len(pieces))
	for i, p := range pieces {
		data, err := s.marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode part %d of subject %s: %w", i, subject, err)
		}
		sum := sha256.Sum256(data)
		out[i] = newPart{
			ref:   partRef{ID: rand.Text(), Hash: base64.RawURLEncoding.EncodeToString(sum[:16])},
			lists: p,
		}
	}
	return out, nil
}

// marshal encodes a value as the documents of subjects are.
func (s *Store) marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := bson.NewEncoder(bson.NewDocumentWriter(&buf))
	enc.SetRegistry(s.registry)
	enc.UseJSONStructTags()
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// naming is a stored subject with the parts that it names.
type naming struct {
	ID      string    `bson:"_id"`
	Version int64     `bson:"version"`
	Parts   []partRef `bson:"parts"`
}

// namings returns the parts that stored subjects name.
func (s *Store) namings(ctx context.Context, ids []string) (map[string]naming, error) {
	list, err := byID[naming](ctx, s.subjects, ids, "_id", "version", "parts")
	found := make(map[string]naming, len(list))
	for _, n := range list {
		found[n.ID] = n
	}
	return found, err
}

// storeParts stores the parts that rows need and the stored subjects do not name, before the rows are written, and
// notes the parts that the rows make superfluous.
func (s *Store) storeParts(ctx context.Context, rows []*row) error {
	var ids []string
	for _, r := range rows {
		if r.err == nil && r.version > 0 && r.mayHaveParts {
			ids = append(ids, r.id)
		}
	}
	before, err := s.namings(ctx, ids)
	if err != nil {
		return err
	}
	var docs []any
	for _, r := range rows {
		if r.err != nil {
			continue
		}
		docs = append(docs, r.reuse(before[r.id], s.now())...)
		if len(r.parts) > 0 { // a document without parts is encoded already
			r.err = s.finish(r)
		}
	}
	return s.insertParts(ctx, docs)
}

// insertParts inserts parts. A repeated insert reports a duplicate of itself.
func (s *Store) insertParts(ctx context.Context, docs []any) error {
	if len(docs) == 0 {
		return nil
	}
	_, err := s.parts.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	failed, err := splitErrors(err)
	for _, failure := range failed {
		if !mongo.IsDuplicateKeyError(failure) {
			return failure
		}
	}
	return err
}

// reuse replaces the names of parts by those of stored parts with the same content, and returns the new parts.
func (r *row) reuse(before naming, now time.Time) []any {
	known := make(map[string]string, len(before.Parts))
	if before.Version == r.version { // otherwise the row is not written
		for _, p := range before.Parts {
			known[p.Hash] = p.ID
		}
	}
	kept := make(map[string]bool, len(r.parts))
	var docs []any
	for i := range r.parts {
		p := &r.parts[i]
		if id, ok := known[p.ref.Hash]; ok {
			p.ref.ID, kept[id] = id, true
			continue
		}
		docs = append(docs, part{ID: p.ref.ID, Subject: r.id, At: now, Lists: p.lists})
		r.fresh = append(r.fresh, p.ref.ID)
	}
	for _, p := range before.Parts {
		if !kept[p.ID] {
			r.superfluous = append(r.superfluous, p.ID)
		}
	}
	return docs
}

// dropParts removes the parts that rows made superfluous, and the new parts of rows that were not written. What a crash
// leaves is removed by ReleaseOrphans.
func (s *Store) dropParts(ctx context.Context, rows []*row) error {
	var models []mongo.WriteModel
	for _, r := range rows {
		drop := r.superfluous
		if r.err != nil {
			drop = r.fresh
		}
		for _, id := range drop {
			models = append(models, deletePart(id, r.id))
		}
	}
	_, _, err := bulk(ctx, s.parts, models)
	return err
}

// deletePart removes a part of a subject.
func deletePart(id, subject string) mongo.WriteModel {
	return mongo.NewDeleteOneModel().SetFilter(bson.D{{Key: "_id", Value: id}, {Key: "subject", Value: subject}})
}

// listsOf reads parts.
func (s *Store) listsOf(ctx context.Context, docs []stored) (map[string]lists, error) {
	var ids []string
	for i := range docs {
		for _, p := range docs[i].Parts {
			ids = append(ids, p.ID)
		}
	}
	list, err := byID[bson.Raw](ctx, s.parts, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]lists, len(list))
	for _, raw := range list {
		var p part
		if err := s.unmarshal(raw, &p); err != nil {
			continue // the subject that names the part is damaged
		}
		found[p.ID] = p.Lists
	}
	return found, nil
}

// partsOfSubjects returns the ids of all stored parts of subjects.
func (s *Store) partsOfSubjects(ctx context.Context, subjects []string) ([]part, error) {
	return find[part](ctx, s.parts, bson.D{{Key: "subject", Value: bson.D{{Key: "$in", Value: subjects}}}},
		options.Find().SetProjection(named("_id", "subject")).SetBatchSize(chunk))
}

// removeParts removes all parts of subjects that are removed.
func (s *Store) removeParts(ctx context.Context, subjects []string) error {
	var parted []string
	for _, id := range subjects {
		if s.parted.has(id) {
			parted = append(parted, id)
		}
	}
	if len(parted) == 0 {
		return nil
	}
	list, err := s.partsOfSubjects(ctx, parted)
	if err != nil {
		return err
	}
	models := make([]mongo.WriteModel, len(list))
	for i, p := range list {
		models[i] = deletePart(p.ID, p.Subject)
	}
	_, _, err = bulk(ctx, s.parts, models)
	return err
}

// parted are the subjects that this process read and that are stored in parts. Who writes a subject has read it.
type parted struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (p *parted) add(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]struct{}{}
	}
	p.ids[id] = struct{}{}
}

func (p *parted) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.ids[id]
	return ok
}
