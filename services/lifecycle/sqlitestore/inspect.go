package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Inspection is what a file holds, before anything in the file is changed.
type Inspection struct {
	// Policy is the policy in force; nil for none.
	Policy *store.Policy
	// Former reports whether there are subjects of a version in which subjects had no number. Open converts them, which
	// takes some time in a large file.
	Former bool
}

// Inspect reads a file that may be of an earlier version. A file of a newer version is an error; a missing file is
// an empty Inspection.
func Inspect(ctx context.Context, path string) (in Inspection, err error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return in, nil
	}
	db, err := connect(path, "deferred")
	if err != nil {
		return in, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	behind, err := untaken(ctx, db)
	if err != nil {
		return in, fmt.Errorf("read %s: %w", path, err)
	}
	var doc []byte
	var known bool
	err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'policies')").Scan(&known)
	if err == nil && known {
		in.Former, err = isFormer(ctx, db, behind)
	}
	if err == nil && known {
		err = db.QueryRowContext(ctx, "SELECT doc FROM policies ORDER BY since DESC, revision DESC LIMIT 1").Scan(&doc)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !known:
		return in, nil
	case err != nil:
		return in, fmt.Errorf("read %s: %w", path, err)
	}
	in.Policy = &store.Policy{}
	if err := json.Unmarshal(doc, in.Policy); err != nil {
		return in, fmt.Errorf("read the policy in %s: %w", path, err)
	}
	return in, nil
}

// isFormer reports whether subjects, or their keys, have to be converted; behind are the steps that a file lacks.
func isFormer(ctx context.Context, db *sql.DB, behind []string) (former bool, err error) {
	if slices.Contains(behind, numberedSchema) {
		err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM subjects)").Scan(&former)
		return former, err
	}
	if former, err = hasTable(ctx, db, "former_keys"); err != nil || !former {
		return false, err
	}
	const left = "SELECT EXISTS (SELECT 1 FROM former_subjects) OR EXISTS (SELECT 1 FROM former_keys)"
	err = db.QueryRowContext(ctx, left).Scan(&former)
	return former, err
}

// Checkpoint writes the write-ahead log back into the file, as far as no reader needs the log: a copy of the file
// alone is then not far behind.
func (s *Store) Checkpoint(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		return fmt.Errorf("write the log of the database back: %w", err)
	}
	return nil
}
