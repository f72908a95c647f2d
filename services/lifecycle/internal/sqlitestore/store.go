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
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/rodopath/rodopath/services/lifecycle"
)

// schema is applied at every start. Indexes hold ids, times and revisions, never
// anything about the person.
const schema = `
CREATE TABLE IF NOT EXISTS subjects (
	id        TEXT PRIMARY KEY,
	version   INTEGER NOT NULL,
	review_at INTEGER,            -- unix milliseconds
	revision  TEXT,               -- null for redirects
	pending   INTEGER NOT NULL,
	doc       BLOB NOT NULL       -- lifecycle.Subject as JSON
) STRICT;
CREATE TABLE IF NOT EXISTS identities (
	key     TEXT PRIMARY KEY,     -- keyed hash
	subject TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subjects_review ON subjects (review_at, id) WHERE review_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS subjects_revision ON subjects (revision, id) WHERE revision IS NOT NULL;
CREATE INDEX IF NOT EXISTS subjects_pending ON subjects (id) WHERE pending = 1;
`

// Store is a SQLite file. All writes are durable when they return, power cuts
// included.
type Store struct {
	// write has one connection: SQLite has one writer. read has several.
	write, read *sql.DB
}

// Open opens the file at path and makes it when it does not exist. Opening needs
// no exclusive access: a second process may read and write too.
func Open(ctx context.Context, path string) (*Store, error) {
	// SQLite would let others read the file; its journals get the same mode.
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
	if _, err := write.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), write.Close())
	}
	read, err := connect(path, "deferred")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	return &Store{write: write, read: read}, nil
}

func connect(path, lock string) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"busy_timeout(10000)",
		"cache_size(-16000)",
		"wal_autocheckpoint(8192)", // persons are scattered over the file; write them back in larger runs
		"secure_delete(ON)",        // what is deleted is overwritten, not only unlinked
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Lookup finds the subjects that keys belong to; unknown keys are left out.
func (s *Store) Lookup(ctx context.Context, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	err := s.each(ctx, "SELECT key, subject FROM identities WHERE key IN (SELECT value FROM json_each(?))", keys, func(rows *sql.Rows) error {
		var key, subject string
		err := rows.Scan(&key, &subject)
		found[key] = subject
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up %d keys: %w", len(keys), err)
	}
	return found, nil
}

// Load reads subjects; unknown ids are left out.
func (s *Store) Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error) {
	var rows rowReader
	err := s.each(ctx, "SELECT version, doc FROM subjects WHERE id IN (SELECT value FROM json_each(?))", ids, rows.read)
	subjects, err := rows.decode(err)
	if err != nil {
		return nil, fmt.Errorf("load %d subjects: %w", len(ids), err)
	}
	found := make(map[string]lifecycle.Subject, len(subjects))
	for _, subject := range subjects {
		found[subject.ID] = subject
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

// rowReader gathers documents while the cursor is open and decodes them, on all
// cores, when it is closed.
type rowReader struct {
	versions []int64
	docs     [][]byte
}

func (r *rowReader) read(rows *sql.Rows) error {
	var (
		version int64
		doc     []byte
	)
	err := rows.Scan(&version, &doc)
	r.versions, r.docs = append(r.versions, version), append(r.docs, doc)
	return err
}

func (r *rowReader) decode(err error) ([]lifecycle.Subject, error) {
	if err != nil {
		return nil, err
	}
	out, errs := make([]lifecycle.Subject, len(r.docs)), make([]error, len(r.docs))
	inChunks(len(r.docs), func(i int) {
		errs[i] = json.Unmarshal(r.docs[i], &out[i])
		out[i].Version = r.versions[i]
	})
	return out, errors.Join(errs...)
}

// Pending returns subjects whose outbox is not empty.
func (s *Store) Pending(ctx context.Context, limit int) ([]lifecycle.Subject, error) {
	var rows rowReader
	err := s.visit(ctx, rows.read, "SELECT version, doc FROM subjects WHERE pending = 1 ORDER BY id LIMIT ?", limit)
	out, err := rows.decode(err)
	if err != nil {
		return nil, fmt.Errorf("read pending subjects: %w", err)
	}
	return out, nil
}

// Due returns the ids of subjects whose review time has come, the earliest
// first, and then of those decided under another policy revision.
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
	for _, q := range []struct {
		query string
		arg   any
	}{
		{"SELECT id FROM subjects WHERE review_at IS NOT NULL AND review_at <= ? ORDER BY review_at, id LIMIT ?", at.UnixMilli()},
		{"SELECT id FROM subjects WHERE revision IS NOT NULL AND revision < ? ORDER BY revision, id LIMIT ?", revision},
		{"SELECT id FROM subjects WHERE revision IS NOT NULL AND revision > ? ORDER BY revision, id LIMIT ?", revision},
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
