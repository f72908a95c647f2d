package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// SetGather sets the number of recent keys that are sorted in at once.
func (s *Store) SetGather(n int) { s.gather = n }

// MakeFormer makes the file of an earlier version, with the tables of that version and the rows of some statements.
func MakeFormer(ctx context.Context, path string, version int, rows string) error {
	db, err := connect(path, "immediate")
	if err != nil {
		return err
	}
	statements := slices.Concat(steps()[:version], []string{rows, fmt.Sprintf("PRAGMA user_version = %d", version)})
	for _, step := range statements {
		if _, err := db.ExecContext(ctx, step); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
}
