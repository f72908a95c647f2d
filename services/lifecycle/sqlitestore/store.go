// Package sqlitestore keeps subjects in one SQLite file, for one machine.
package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store is a SQLite file. Every write is durable before the call returns, even across power
// failures.
type Store struct {
	// write has one connection: SQLite has one writer. read has several.
	write, read *sql.DB
	stmts       *statements // of write
	codec       *codec
	labels      numbers
	// revisions are the numbers of the policies.
	revisions numbers
	// walkFrom is the number of subjects of a label from which on a sorted list follows the index of the instants.
	walkFrom int64
	recent   recent
	sorted   sorted
	// gather is the number of recent keys that are sorted in at once.
	gather int
}

// Open opens the file at path, creates a missing file, and migrates an older schema. Opening needs
// no exclusive access: a second process may read and write as well.
func Open(ctx context.Context, path string) (*Store, error) {
	// SQLite would create the file readable by others; the journals of SQLite inherit the mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	write, err := connect(path, "immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrateSchema(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), write.Close())
	}
	s := &Store{write: write, walkFrom: walkFrom, gather: gatherKeys}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), s.Close())
	}
	return s, nil
}

// open prepares everything but the connection that writes.
func (s *Store) open(ctx context.Context, path string) (err error) {
	if s.codec, err = newCodec(); err != nil {
		return err
	}
	if s.stmts, err = prepare(ctx, s.write); err != nil {
		return err
	}
	if s.read, err = connect(path, "deferred"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	return s.convertFormer(ctx)
}

func connect(path, lock string) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_journal_mode": {"WAL"}, "_pragma": {
		"page_size(1024)", // of a new file: keys lie scattered over the file, and each writes a page
		"synchronous(FULL)",
		"busy_timeout(10000)",
		"cache_size(-16000)",
		"wal_autocheckpoint(16384)", // rows of persons are scattered over the file; write back in larger runs
		"temp_store(MEMORY)",        // no deleted data in files elsewhere
		"secure_delete(ON)",         // deleted data are overwritten and not only unlinked
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.stmts != nil {
		errs = append(errs, s.stmts.close())
	}
	if s.codec != nil {
		s.codec.close()
	}
	return errors.Join(append(errs, s.write.Close())...)
}

// Lookup returns the subjects of keys; unknown keys are absent.
func (s *Store) Lookup(ctx context.Context, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	packed := packAll(keys)
	owners, err := s.owners(ctx, packed)
	if err != nil {
		return nil, fmt.Errorf("look up %d keys: %w", len(keys), err)
	}
	for i, key := range keys {
		if owner := owners[packed[i]]; owner != "" {
			found[key] = owner
		}
	}
	return found, nil
}

// owners returns the subjects of packed keys.
func (s *Store) owners(ctx context.Context, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	if err := s.recent.refresh(ctx, s.read); err != nil {
		return nil, err
	}
	for rest := keys; len(rest) > 0; {
		seen := s.recent.last()
		if err := s.find(ctx, rest, found); err != nil {
			return nil, err
		}
		rest = slices.DeleteFunc(slices.Clone(rest), func(key string) bool { return found[key] != "" })
		if len(rest) == 0 {
			break
		}
		// A key that another subject claims leaves its row, or its run, for another row. Such a key may be found in
		// neither, so that what was found nowhere is looked for once more after any change.
		if err := s.recent.refresh(ctx, s.read); err != nil {
			return nil, err
		}
		if s.recent.last() == seen {
			break
		}
	}
	return found, nil
}

// find adds the owners of packed keys. The recent keys come first: a key that is sorted in meanwhile is found in one of
// both.
func (s *Store) find(ctx context.Context, keys []string, found map[string]string) error {
	recently, other, err := s.recent.find(ctx, s.read, keys)
	if err != nil {
		return err
	}
	for key, row := range recently {
		found[key] = row.subject
	}
	return s.sorted.find(ctx, s.read, other, found)
}

// Load reads subjects; unknown ids are left out.
func (s *Store) Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error) {
	rows := rowReader{store: s}
	err := s.each(
		ctx,
		"SELECT id, version, labels, doc FROM subjects WHERE id IN (SELECT value FROM json_each(?))",
		ids,
		rows.read,
	)
	subjects, err := rows.decode(ctx, err)
	found := make(map[string]lifecycle.Subject, len(subjects))
	for _, subject := range subjects {
		found[subject.ID] = subject
	}
	if err != nil {
		return found, fmt.Errorf("load %d subjects: %w", len(ids), err)
	}
	return found, nil
}

// each runs a query over a list of texts and visits every row.
func (s *Store) each(ctx context.Context, query string, list []string, visit func(*sql.Rows) error) error {
	if len(list) == 0 {
		return nil
	}
	arg, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.visit(ctx, visit, query, string(arg))
}

func (s *Store) visit(ctx context.Context, visit func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rowReader collects documents while the cursor is open and decodes the documents in parallel after
// the close.
type rowReader struct {
	store    *Store
	ids      []string
	versions []int64
	labels   [][]byte
	docs     [][]byte
}

func (r *rowReader) read(rows *sql.Rows) error {
	var (
		id      string
		version int64
		labels  []byte
		doc     []byte
	)
	err := rows.Scan(&id, &version, &labels, &doc)
	r.ids, r.versions, r.docs = append(r.ids, id), append(r.versions, version), append(r.docs, doc)
	r.labels = append(r.labels, labels)
	return err
}

// decode returns the subjects. The error is a store.DamagedError if only some documents cannot be decoded.
func (r *rowReader) decode(ctx context.Context, err error) ([]lifecycle.Subject, error) {
	if err != nil {
		return nil, err
	}
	out, errs := make([]lifecycle.Subject, len(r.docs)), make([]error, len(r.docs))
	inChunks(len(r.docs), func(i int) {
		out[i], errs[i] = r.store.codec.subject(r.docs[i])
		out[i].Version = r.versions[i]
	})
	if err := r.store.readLabels(ctx, out, r.labels); err != nil {
		return nil, err
	}
	var damaged store.Damaged
	whole := out[:0]
	for i := range out {
		if errs[i] != nil {
			damaged.Add(r.ids[i], errs[i])
			continue
		}
		whole = append(whole, out[i])
	}
	return whole, damaged.Err()
}

// Pending returns subjects after an id with unpublished decisions or unwritten journal entries, by id.
func (s *Store) Pending(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	out, err := s.page(
		ctx,
		limit,
		"SELECT id, version, labels, doc FROM subjects WHERE pending = 1 AND id > ? ORDER BY id LIMIT ?",
		after,
	)
	if err != nil {
		return out, fmt.Errorf("read pending subjects: %w", err)
	}
	return out, nil
}

// CountPending returns the number of subjects with unpublished decisions or unwritten journal entries, up to limit.
func (s *Store) CountPending(ctx context.Context, limit int) (int, error) {
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM subjects WHERE pending = 1 LIMIT ?)", max(limit, 0)).
		Scan(&n); err != nil {
		return 0, fmt.Errorf("count pending subjects: %w", err)
	}
	return n, nil
}

// Requested returns subjects with an open request, by deadline.
func (s *Store) Requested(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	out, err := s.page(
		ctx,
		limit,
		"SELECT id, version, labels, doc FROM subjects WHERE request_due IS NOT NULL ORDER BY request_due, id LIMIT ?",
	)
	if err != nil {
		return out, fmt.Errorf("read subjects with open requests: %w", err)
	}
	return out, nil
}

// Unconfirmed returns subjects with decisions that recipients have not answered, by deadline of the
// answer.
func (s *Store) Unconfirmed(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	out, err := s.page(
		ctx,
		limit,
		"SELECT id, version, labels, doc FROM subjects WHERE notice_due IS NOT NULL ORDER BY notice_due, id LIMIT ?",
	)
	if err != nil {
		return out, fmt.Errorf("read subjects with unconfirmed decisions: %w", err)
	}
	return out, nil
}

// OpenNotices returns the notices of subjects with decisions that recipients have not answered, of at most limit
// subjects, by deadline of the answer.
func (s *Store) OpenNotices(ctx context.Context, limit int) ([]notice.Notice, error) {
	subjects, err := s.Unconfirmed(ctx, limit)
	var out []notice.Notice
	for i := range subjects {
		out = append(out, subjects[i].Notices...)
	}
	return out, err
}

// Walk returns the subjects after an id, by id, without redirects. Only an empty page is the end of
// the walk.
func (s *Store) Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	out, err := s.page(
		ctx,
		limit,
		"SELECT id, version, labels, doc FROM subjects WHERE id > ? AND revision IS NOT NULL ORDER BY id LIMIT ?",
		after,
	)
	if err != nil {
		return out, fmt.Errorf("walk subjects after %q: %w", after, err)
	}
	return out, nil
}

// page reads at most limit subjects; the limit is the last argument of the query.
func (s *Store) page(ctx context.Context, limit int, query string, args ...any) ([]lifecycle.Subject, error) {
	if limit <= 0 {
		return nil, nil // to SQLite, less than 0 means all
	}
	rows := rowReader{store: s}
	return rows.decode(ctx, s.visit(ctx, rows.read, query, append(args, limit)...))
}

// Count returns the number of stored subjects, without redirects.
func (s *Store) Count(ctx context.Context) (int64, error) {
	var n int64
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM subjects WHERE revision IS NOT NULL").
		Scan(&n); err != nil {
		return 0, fmt.Errorf("count subjects: %w", err)
	}
	return n, nil
}

// Due returns the ids of subjects whose review time has passed, the earliest first, and then of
// subjects evaluated under another policy revision.
func (s *Store) Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	visit := func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if !seen[id] && len(out) < limit {
			seen[id], out = true, append(out, id)
		}
		return err
	}
	const is = "(SELECT ifnull(max(number), 0) FROM revisions WHERE name = ?)"
	for _, q := range []struct {
		query string
		arg   any
	}{
		{"SELECT id FROM subjects WHERE review_at IS NOT NULL AND review_at <= ? ORDER BY review_at, number LIMIT ?", at.UnixMilli()},
		{"SELECT id FROM subjects WHERE revision IS NOT NULL AND revision < " + is + " ORDER BY revision, number LIMIT ?", revision},
		{"SELECT id FROM subjects WHERE revision IS NOT NULL AND revision > " + is + " ORDER BY revision, number LIMIT ?", revision},
	} {
		if len(out) == limit {
			break
		}
		if err := s.visit(ctx, visit, q.query, q.arg, limit); err != nil {
			return nil, fmt.Errorf("read due subjects: %w", err)
		}
	}
	return out, nil
}
