package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// subjectsSchema is what the first files held. They said no version, which reads
// as 0, as it does in a file that is new; so it must do nothing to the former.
// Indexes hold ids, times and revisions, never anything about the person.
const subjectsSchema = `
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

// journalSchema adds requests, journals and the policies that were in force.
const journalSchema = `
ALTER TABLE subjects ADD COLUMN request_due INTEGER; -- unix milliseconds
CREATE INDEX subjects_request ON subjects (request_due, id) WHERE request_due IS NOT NULL;
CREATE TABLE journal (
	subject TEXT NOT NULL,
	seq     INTEGER NOT NULL,
	key     TEXT NOT NULL,
	at      INTEGER NOT NULL,     -- unix milliseconds
	doc     BLOB NOT NULL,        -- lifecycle.Entry as JSON, which is what its hash is of
	PRIMARY KEY (subject, seq)
) STRICT;
CREATE INDEX journal_key ON journal (subject, key);
CREATE INDEX journal_at ON journal (at);
CREATE TABLE policies (
	revision TEXT NOT NULL,
	since    INTEGER NOT NULL,    -- unix milliseconds
	doc      BLOB NOT NULL,       -- store.Policy as JSON
	PRIMARY KEY (revision, since)
) STRICT;
`

// noticeSchema adds by when recipients must answer, and finds the entries of a decision.
const noticeSchema = `
ALTER TABLE subjects ADD COLUMN notice_due INTEGER; -- unix milliseconds
CREATE INDEX subjects_notice ON subjects (notice_due, id) WHERE notice_due IS NOT NULL;
ALTER TABLE journal ADD COLUMN decision TEXT;
UPDATE journal SET decision = json_extract(CAST(doc AS TEXT), '$.decision');
CREATE INDEX journal_decision ON journal (decision) WHERE decision IS NOT NULL;
`

// compactSchema takes away what costs a page of the disk for every person and finds little: a
// journal is short and is read whole, and who was decided under a revision need not be in
// the order of ids.
const compactSchema = `
DROP INDEX journal_key;
DROP INDEX subjects_revision;
CREATE INDEX subjects_revision ON subjects (revision) WHERE revision IS NOT NULL;
`

// errNewer refuses a file whose tables may mean something else by now.
var errNewer = errors.New("the file was written by a newer rodopath; start that one or one still newer, or go back to a copy of the data from before")

// steps bring a file up to date: the n-th takes it from version n to n+1. New
// files take all of them too, so that there is one way to each table.
func steps() []string { return []string{subjectsSchema, journalSchema, noticeSchema, compactSchema} }

// openFor is how long an opening waits for others that open the same new file: SQLite
// does not wait by itself while one of them turns the file to write-ahead logging.
const openFor = 10 * time.Second

// migrateSchema takes the steps that the file has not taken, and waits while others do.
func migrateSchema(ctx context.Context, db *sql.DB) error {
	for begin := time.Now(); ; {
		err := migrateSchemaOnce(ctx, db)
		var busy *sqlite.Error
		if !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY || time.Since(begin) > openFor {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// migrateSchemaOnce tries once. A file that is up to date is only read, because another
// process may be writing to it.
func migrateSchemaOnce(ctx context.Context, db *sql.DB) error {
	behind, err := untaken(ctx, db)
	if err != nil || len(behind) == 0 {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := migrate(ctx, tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return tx.Commit()
}

// migrate takes the steps and notes the version in one transaction. It looks at the
// version again, now that nobody else can take a step.
func migrate(ctx context.Context, tx *sql.Tx) error {
	behind, err := untaken(ctx, tx)
	if err != nil {
		return err
	}
	for _, step := range behind {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("bring the tables up to date: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps())))
	return err
}

// untaken returns the steps from the file's version on.
func untaken(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) ([]string, error) {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, fmt.Errorf("read the version of the tables: %w", err)
	}
	all := steps()
	if version < 0 || version > len(all) {
		return nil, errNewer
	}
	return all[version:], nil
}
