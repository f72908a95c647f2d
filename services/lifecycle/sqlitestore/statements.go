package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
)

// statements are the statements of the connection that writes, prepared once.
type statements struct {
	insert, update, remove, removeAny, version *sql.Stmt
	claim, forget, removed                     *sql.Stmt
	journal, decided                           *sql.Stmt
	labels, number, name                       *sql.Stmt
	revision, revise                           *sql.Stmt
	relabel, counted                           *sql.Stmt
}

// claimKeys appends recent keys: an object of packed keys in hex, with the numbers of their subjects.
const claimKeys = "INSERT INTO recent_keys (key, subject) SELECT unhex(key), value FROM json_each(?)"

// prepare prepares the statements.
func prepare(ctx context.Context, db *sql.DB) (*statements, error) {
	s := &statements{}
	for _, p := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&s.insert, "INSERT INTO subjects (id, version, review_at, request_due, notice_due, revision, pending, labels, doc) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"},
		{&s.update, "UPDATE subjects SET version = version + 1, review_at = ?, request_due = ?, notice_due = ?, revision = ?, pending = ?, labels = ?, doc = ? WHERE id = ? AND version = ?"},
		{&s.remove, "DELETE FROM subjects WHERE id = ? AND version = ?"},
		{&s.removeAny, "DELETE FROM subjects WHERE id = ?"},
		{&s.version, "SELECT version FROM subjects WHERE id = ?"},
		{&s.claim, claimKeys},
		{&s.forget, "DELETE FROM recent_keys WHERE seq = ?"},
		{&s.removed, "INSERT INTO recent_keys (key, subject) VALUES (x'', 0)"},
		{&s.journal, "INSERT INTO journal (subject, seq, key, at, decision, doc) VALUES (?, ?, ?, ?, nullif(?, ''), ?) ON CONFLICT (subject, seq) DO NOTHING"},
		{&s.decided, "INSERT INTO recent_decisions (decision, subject) SELECT DISTINCT value->>0, value->>1 FROM json_each(?)"},
		{&s.labels, "SELECT id, number, labels FROM subjects WHERE id IN (SELECT value FROM json_each(?))"},
		{&s.number, "SELECT number FROM labels WHERE name = ?"},
		{&s.name, "INSERT INTO labels (name, count) VALUES (?, 0)"},
		{&s.revision, "SELECT number FROM revisions WHERE name = ?"},
		{&s.revise, "INSERT INTO revisions (name) VALUES (?)"},
		{&s.relabel, "INSERT INTO recent_labels (subject, was) SELECT value->>0, value->>1 FROM json_each(?)"},
		{&s.counted, "UPDATE labels SET count = count + ? WHERE number = ?"},
	} {
		stmt, err := db.PrepareContext(ctx, p.query) //nolint:sqlclosecheck // closed by close
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		*p.stmt = stmt
	}
	return s, nil
}

// close closes the statements that were prepared.
func (s *statements) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{
		s.insert, s.update, s.remove, s.removeAny, s.version, s.claim,
		s.forget, s.removed, s.journal, s.decided,
		s.labels, s.number, s.name, s.revision, s.revise, s.relabel, s.counted,
	} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}
