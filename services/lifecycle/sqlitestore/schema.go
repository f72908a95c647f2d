package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// subjectsSchema is the schema of the first files. Those files have no version number, which reads
// as 0, as in a new file; the statements must therefore have no effect on an existing schema.
// Indexes contain ids, times and revisions, and no personal data.
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

// journalSchema adds requests, journals and former policies.
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

// compactSchema drops indexes that cost a disk page for every person and are of little use: a
// journal is short and read as a whole, and subjects of a revision need no order by id.
const compactSchema = `
DROP INDEX journal_key;
DROP INDEX subjects_revision;
CREATE INDEX subjects_revision ON subjects (revision) WHERE revision IS NOT NULL;
`

// compressedSchema changes no table: the documents of subjects and journals may be compressed from this version on,
// which an earlier program cannot read.
const compressedSchema = `UPDATE policies SET doc = doc WHERE false;`

// fasterSchema changes no table: the documents of subjects may be compressed by S2 from this version on, which an
// earlier program cannot read.
const fasterSchema = `UPDATE policies SET doc = doc WHERE false;`

// stateSchema adds what the installation knows of itself.
const stateSchema = `
CREATE TABLE state (
	name TEXT PRIMARY KEY,
	doc  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

// labelSchema finds and counts subjects by their labels. labels counts the subjects of each label, in the transaction
// that changes them; subjects.labels are the numbers of its labels as varints. A label is no personal data.
const labelSchema = `
CREATE TABLE labels (
	number INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE,
	count  INTEGER NOT NULL
) STRICT;
CREATE TABLE labelled (
	label   INTEGER NOT NULL,     -- labels.number
	subject TEXT NOT NULL,
	PRIMARY KEY (label, subject)
) STRICT, WITHOUT ROWID;
ALTER TABLE subjects ADD COLUMN labels BLOB;
`

// recentSchema adds the keys that are not sorted into identities yet; see recent. The journals of a decision are found
// by tables in place of an index, in the same way; see decided. So are changes of labels; see relabelled.
const recentSchema = `
CREATE TABLE recent_keys (
	seq     INTEGER PRIMARY KEY,
	key     TEXT NOT NULL,        -- keyed hash; empty: rows were removed
	subject TEXT NOT NULL
) STRICT;
CREATE TABLE recent_decisions (
	seq      INTEGER PRIMARY KEY,
	decision TEXT NOT NULL,
	subject  TEXT NOT NULL
) STRICT;
CREATE TABLE decisions (
	decision TEXT NOT NULL,
	subject  TEXT NOT NULL,       -- in whose journal the decision is
	PRIMARY KEY (decision, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO decisions SELECT DISTINCT decision, subject FROM journal WHERE decision IS NOT NULL ORDER BY 1, 2;
DROP INDEX journal_decision;
CREATE TABLE recent_labels (
	seq     INTEGER PRIMARY KEY,
	subject TEXT NOT NULL,
	was     TEXT NOT NULL         -- the numbers of the labels before, as JSON
) STRICT;
`

// sortedSchema adds the runs of keys, see sorted, and those of decisions, see decided. identities keeps the keys of a
// file of before until they are in runs, and decisions those of a file of before. A recent key that another subject
// claimed could be in identities as well, with its former owner.
const sortedSchema = `
DELETE FROM identities WHERE key IN (SELECT key FROM recent_keys);
CREATE TABLE key_runs (
	run    INTEGER PRIMARY KEY AUTOINCREMENT,
	filter BLOB NOT NULL          -- excludes keys that are not in the run
) STRICT;
CREATE TABLE sorted_keys (
	run     INTEGER NOT NULL,     -- key_runs.run
	key     TEXT NOT NULL,        -- keyed hash
	subject TEXT NOT NULL,
	PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE reduced_runs (
	run INTEGER PRIMARY KEY       -- of key_runs, whose filter has bits of released keys
) STRICT;
CREATE TABLE decision_runs (
	run INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;
CREATE TABLE sorted_decisions (
	run      INTEGER NOT NULL,    -- decision_runs.run
	decision TEXT NOT NULL,
	subject  TEXT NOT NULL,       -- in whose journal the decision is
	PRIMARY KEY (run, decision, subject)
) STRICT, WITHOUT ROWID;
`

// numberedSchema numbers the subjects, so that the tables of keys and labels name a subject by three bytes, and packs
// the keys; see pack. The rows of former_subjects and former_keys are converted after the step, in several
// transactions; see convertFormer. A number never comes again: a row of recent_labels may name a subject that is
// removed.
const numberedSchema = `
DROP INDEX subjects_review;
DROP INDEX subjects_request;
DROP INDEX subjects_notice;
DROP INDEX subjects_revision;
DROP INDEX subjects_pending;
ALTER TABLE subjects RENAME TO former_subjects;
CREATE TABLE revisions (
	number INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE   -- of a policy
) STRICT;
CREATE TABLE subjects (
	number      INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT NOT NULL UNIQUE,
	version     INTEGER NOT NULL,
	review_at   INTEGER,          -- unix milliseconds, as the next two
	request_due INTEGER,
	notice_due  INTEGER,
	revision    INTEGER,          -- revisions.number; null for redirects
	pending     INTEGER NOT NULL,
	labels      BLOB,             -- labels.number as varints
	doc         BLOB NOT NULL     -- lifecycle.Subject; see codec
) STRICT;
CREATE INDEX subjects_review ON subjects (review_at) WHERE review_at IS NOT NULL;
CREATE INDEX subjects_request ON subjects (request_due, id) WHERE request_due IS NOT NULL;
CREATE INDEX subjects_notice ON subjects (notice_due, id) WHERE notice_due IS NOT NULL;
CREATE INDEX subjects_revision ON subjects (revision) WHERE revision IS NOT NULL;
CREATE INDEX subjects_pending ON subjects (id) WHERE pending = 1;
ALTER TABLE sorted_keys RENAME TO former_keys;
INSERT INTO former_keys SELECT 0, key, subject FROM identities;
INSERT INTO former_keys SELECT 0, key, subject FROM recent_keys WHERE key <> '';
DROP TABLE identities;
DROP TABLE recent_keys;
DELETE FROM key_runs;
DELETE FROM reduced_runs;
CREATE TABLE recent_keys (
	seq     INTEGER PRIMARY KEY,
	key     BLOB NOT NULL,        -- packed keyed hash; empty: rows were removed
	subject INTEGER NOT NULL      -- subjects.number
) STRICT;
CREATE TABLE sorted_keys (
	run     INTEGER NOT NULL,     -- key_runs.run
	key     BLOB NOT NULL,        -- packed keyed hash
	subject INTEGER NOT NULL,     -- subjects.number
	PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
DROP TABLE labelled;
CREATE TABLE labelled (
	label   INTEGER NOT NULL,     -- labels.number
	subject INTEGER NOT NULL,     -- subjects.number
	PRIMARY KEY (label, subject)
) STRICT, WITHOUT ROWID;
DROP TABLE recent_labels;
CREATE TABLE recent_labels (
	seq     INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL,     -- subjects.number
	was     TEXT NOT NULL         -- the numbers of the labels before, as JSON
) STRICT;
`

// errNewer refuses a file of a newer program, whose tables may have changed.
var errNewer = errors.New(
	"the file was written by a newer version of rodopath; start the newer version, or restore a backup from before the upgrade",
)

// steps returns the schema migrations: step n migrates a file from version n to n+1. New files run
// all steps, so that every table is created in one way only.
func steps() []string {
	return []string{
		subjectsSchema,
		journalSchema,
		noticeSchema,
		compactSchema,
		compressedSchema,
		fasterSchema,
		stateSchema,
		labelSchema,
		recentSchema,
		sortedSchema,
		numberedSchema,
	}
}

// openFor bounds the wait for other processes opening the same new file: SQLite itself does not
// wait while another process enables write-ahead logging.
const openFor = 10 * time.Second

// migrateSchema runs the missing migrations, and waits for other processes that migrate the file.
func migrateSchema(ctx context.Context, db *sql.DB) error {
	return loop.Retry(ctx, 20*time.Millisecond, openFor, isBusy, func() error { return migrateSchemaOnce(ctx, db) })
}

// isBusy reports whether another process holds the lock of the file.
func isBusy(err error) bool {
	var busy *sqlite.Error
	return errors.As(err, &busy) && busy.Code()&0xff == sqlite3.SQLITE_BUSY
}

// IsFull reports whether an error says that the disk of a store has no room.
func IsFull(err error) bool {
	var full *sqlite.Error
	return errors.Is(err, syscall.ENOSPC) || errors.As(err, &full) && full.Code()&0xff == sqlite3.SQLITE_FULL
}

// migrateSchemaOnce tries once. An up-to-date file is only read, because another process may be
// writing.
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

// migrate runs the missing migrations and stores the version in one transaction. The version is
// checked again inside of the transaction.
func migrate(ctx context.Context, tx *sql.Tx) error {
	behind, err := untaken(ctx, tx)
	if err != nil {
		return err
	}
	for _, step := range behind {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("migrate the tables: %w", err)
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
