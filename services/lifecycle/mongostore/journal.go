package mongostore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// line is a stored entry of a journal.
type line struct {
	// ID is Subject and Seq, which makes the position in a journal unique.
	ID      string    `bson:"_id"`
	Subject string    `bson:"subject"`
	Seq     int64     `bson:"seq"`
	Key     string    `bson:"key"`
	At      time.Time `bson:"at"`
	// Decision is absent in entries without a decision.
	Decision string `bson:"decision,omitempty"`
	// Hash distinguishes the entry from another entry at the same position.
	Hash string `bson:"hash"`
	// Entry is the entry as JSON, over which the hash is computed. BSON dates have milliseconds
	// only and would break the hash.
	Entry string `bson:"entry"`
}

func lineOf(e *chain.Entry) (line, error) {
	doc, err := json.Marshal(e)
	if err != nil {
		return line{}, fmt.Errorf("encode journal entry %s/%d: %w", e.Subject, e.Seq, err)
	}
	if len(doc) > maxDocument {
		return line{}, fmt.Errorf(
			"encode journal entry %s/%d: %d bytes are more than a document can hold",
			e.Subject,
			e.Seq,
			len(doc),
		)
	}
	return line{
		ID:       lineID(e.Subject, e.Seq),
		Subject:  e.Subject,
		Seq:      e.Seq,
		Key:      e.Key,
		At:       e.At,
		Decision: e.Decision,
		Hash:     e.Hash,
		Entry:    string(doc),
	}, nil
}

func (l *line) entry() (chain.Entry, error) {
	var e chain.Entry
	if err := json.Unmarshal([]byte(l.Entry), &e); err != nil {
		return chain.Entry{}, fmt.Errorf("decode journal entry %s: %w", l.ID, err)
	}
	if l.Subject != "" {
		e.Subject = l.Subject // the hash of an entry that was put into another journal does not fit any more
	}
	return e, nil
}

// Append appends entries to the journals of their subjects, in the given order within each subject.
// An error wraps store.ErrConflict if another entry has the position, and for every later entry of
// the same subject. An entry that is stored already is no conflict. The last error is an error of
// the database: some entries may be stored then, and appending again is safe.
//
// The first entries of all subjects are written before the second ones, so that a crash leaves no
// gap in a chain.
func (s *Store) Append(ctx context.Context, entries []chain.Entry) ([]error, error) {
	a := &appending{store: s, entries: entries, errs: make([]error, len(entries)), broken: map[string]bool{}}
	for _, round := range rounds(entries) {
		if err := a.insert(ctx, round); err != nil {
			return nil, fmt.Errorf("append %d journal entries: %w", len(entries), err)
		}
	}
	return a.errs, nil
}

// rounds groups the positions of entries, with one entry of each subject in a round.
func rounds(entries []chain.Entry) [][]int {
	var out [][]int
	next := map[string]int{}
	for i := range entries {
		subject := entries[i].Subject
		n := next[subject]
		next[subject] = n + 1
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// appending is one Append with its results.
type appending struct {
	store   *Store
	entries []chain.Entry
	errs    []error
	// broken holds the subjects with a failed entry, after which no entry is appended.
	broken map[string]bool
}

// insert inserts the entries of a round, one of each subject.
func (a *appending) insert(ctx context.Context, round []int) error {
	var lines []line
	var places []int
	for _, i := range round {
		e := &a.entries[i]
		if a.broken[e.Subject] {
			a.errs[i] = occupied(e)
			continue
		}
		l, err := lineOf(e)
		if err != nil {
			a.fail(i, err)
			continue
		}
		lines, places = append(lines, l), append(places, i)
	}
	lost, err := a.store.insertLines(ctx, lines)
	for n, failure := range lost {
		i := places[n]
		if mongo.IsDuplicateKeyError(failure) {
			a.fail(i, occupied(&a.entries[i]))
		} else {
			a.fail(i, fmt.Errorf("append journal entry %s: %w", lines[n].ID, failure))
		}
	}
	return err
}

func (a *appending) fail(i int, err error) { a.errs[i], a.broken[a.entries[i].Subject] = err, true }

func occupied(e *chain.Entry) error {
	return fmt.Errorf("journal entry %s/%d: %w", e.Subject, e.Seq, store.ErrConflict)
}

// insertLines inserts entries and returns the errors by position. A repeated insert reports a
// duplicate of itself, so the stored hash decides.
func (s *Store) insertLines(ctx context.Context, lines []line) (map[int]error, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	docs := make([]any, len(lines))
	for i := range lines {
		docs[i] = &lines[i]
	}
	_, err := s.journal.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	failed, err := splitErrors(err)
	if err != nil || len(failed) == 0 {
		return nil, err
	}
	var ids []string
	for i := range failed {
		ids = append(ids, lines[i].ID)
	}
	list, err := byID[line](ctx, s.journal, ids, "_id", "hash")
	if err != nil {
		return nil, err
	}
	stored := make(map[string]string, len(list))
	for _, l := range list {
		stored[l.ID] = l.Hash
	}
	for i := range failed {
		if hash, ok := stored[lines[i].ID]; ok && hash == lines[i].Hash {
			delete(failed, i)
		}
	}
	return failed, nil
}

// Tails returns the last entry of each journal; subjects without a journal are absent. Two queries serve a thousand
// subjects: one of positions, from the index alone, and one of entries.
func (s *Store) Tails(ctx context.Context, subjects []string) (map[string]chain.Entry, error) {
	found := make(map[string]chain.Entry, len(subjects))
	for part := range slices.Chunk(sorted(subjects), chunk) {
		ends, err := s.ends(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read the ends of %d journals: %w", len(subjects), err)
		}
		list, err := s.entries(ctx, bson.D{
			{Key: "_id", Value: bson.D{{Key: "$in", Value: ends}}}, {Key: "subject", Value: bson.D{{Key: "$in", Value: part}}},
		}, options.Find().SetBatchSize(chunk))
		if err != nil {
			return nil, fmt.Errorf("read the ends of %d journals: %w", len(subjects), err)
		}
		for _, e := range list {
			found[e.Subject] = e
		}
	}
	return found, nil
}

// ends returns the ids of the last entries of journals.
func (s *Store) ends(ctx context.Context, subjects []string) ([]string, error) {
	last := make(map[string]int64, len(subjects))
	cursor, err := s.journal.Find(
		ctx,
		bson.D{{Key: "subject", Value: bson.D{{Key: "$in", Value: subjects}}}},
		options.Find().
			SetSort(ascending("subject", "seq")).
			SetProjection(append(named("subject", "seq"), bson.E{Key: "_id", Value: 0})).
			SetBatchSize(countBatch),
	)
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		var l line
		if err := cursor.Decode(&l); err != nil {
			return nil, err
		}
		last[l.Subject] = max(last[l.Subject], l.Seq)
	}
	ids := make([]string, 0, len(last))
	for subject, seq := range last {
		ids = append(ids, lineID(subject, seq))
	}
	slices.Sort(ids)
	return ids, cursor.Err()
}

// lineID is the id of the entry at a position of a journal.
func lineID(subject string, seq int64) string { return fmt.Sprintf("%s/%d", subject, seq) }

// Noted reports which keys the journal of a subject contains, so that no note is appended twice.
func (s *Store) Noted(ctx context.Context, subject string, keys []string) (map[string]bool, error) {
	found := make(map[string]bool, len(keys))
	for part := range slices.Chunk(keys, chunk) {
		filter := bson.D{{Key: "subject", Value: subject}, {Key: "key", Value: bson.D{{Key: "$in", Value: part}}}}
		list, err := find[line](ctx, s.journal, filter, options.Find().SetProjection(named("key")))
		if err != nil {
			return nil, fmt.Errorf("look for %d keys in the journal of %s: %w", len(keys), subject, err)
		}
		for _, l := range list {
			found[l.Key] = true
		}
	}
	return found, nil
}

// Entries returns the subject's journal, in order.
func (s *Store) Entries(ctx context.Context, subject string) ([]chain.Entry, error) {
	out, err := s.entries(
		ctx,
		bson.D{{Key: "subject", Value: subject}},
		options.Find().SetSort(ascending("subject", "seq")),
	)
	if err != nil {
		return nil, fmt.Errorf("read the journal of %s: %w", subject, err)
	}
	return out, nil
}

func (s *Store) entries(
	ctx context.Context,
	filter bson.D,
	opts *options.FindOptionsBuilder,
) ([]chain.Entry, error) {
	list, err := find[line](ctx, s.journal, filter, opts.SetProjection(named("entry")))
	if err != nil {
		return nil, err
	}
	out := make([]chain.Entry, len(list))
	for i := range list {
		if out[i], err = list[i].entry(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// LastEntries returns at most limit entries of a journal before a position, the newest first; before 0 means the end.
func (s *Store) LastEntries(ctx context.Context, subject string, before int64, limit int) ([]chain.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	filter := bson.D{{Key: "subject", Value: subject}}
	if before > 0 {
		filter = append(filter, bson.E{Key: "seq", Value: bson.D{{Key: "$lt", Value: before}}})
	}
	newest := bson.D{{Key: "subject", Value: -1}, {Key: "seq", Value: -1}}
	out, err := s.entries(ctx, filter, options.Find().SetSort(newest).SetLimit(int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("read the end of the journal of %s: %w", subject, err)
	}
	return out, nil
}

// EntriesOf returns the journal entries of a decision, by time. The entries may be in the journals
// of several merged subjects.
func (s *Store) EntriesOf(ctx context.Context, decision string) ([]chain.Entry, error) {
	out, err := s.entries(ctx, bson.D{{Key: "decision", Value: decision}}, options.Find())
	if err != nil {
		return nil, fmt.Errorf("read the entries of decision %s: %w", decision, err)
	}
	slices.SortStableFunc(out, func(a, b chain.Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Seq, b.Seq))
	})
	return out, nil
}

// WalkJournal returns the complete journals of the next subjects after an id, at most limit of
// them, by subject id: only a complete chain can be verified.
func (s *Store) WalkJournal(ctx context.Context, after string, limit int) ([]chain.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	opts := options.Find().
		SetSort(ascending("subject", "seq")).
		SetProjection(named("subject", "entry")).
		SetBatchSize(chunk)
	cursor, err := s.journal.Find(ctx, bson.D{{Key: "subject", Value: bson.D{{Key: "$gt", Value: after}}}}, opts)
	if err != nil {
		return nil, fmt.Errorf("walk journals after %q: %w", after, err)
	}
	defer cursor.Close(ctx) // usually before the end of the cursor
	out, err := journals(ctx, cursor, after, limit)
	if err != nil {
		return nil, fmt.Errorf("walk journals after %q: %w", after, err)
	}
	return out, nil
}

// journals reads entries up to the first entry beyond the limit of subjects.
func journals(ctx context.Context, cursor *mongo.Cursor, subject string, limit int) ([]chain.Entry, error) {
	var out []chain.Entry
	subjects := 0
	for cursor.Next(ctx) {
		var l line
		if err := cursor.Decode(&l); err != nil {
			return nil, err
		}
		if l.Subject != subject {
			if subjects == limit {
				return out, nil
			}
			subject, subjects = l.Subject, subjects+1
		}
		e, err := l.entry()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, cursor.Err()
}
