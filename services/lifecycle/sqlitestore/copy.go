package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Copy writes a snapshot of the store to a new file and returns the number of subjects in the copy.
// Other processes may read and write during the copy. The copy contains no remains of deleted data.
func (s *Store) Copy(ctx context.Context, path string) (subjects int, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite would create the file readable by others
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return 0, fmt.Errorf("copy store: %w", err)
	}
	if _, err := s.read.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return 0, fmt.Errorf("copy store: %w", err)
	}
	made, err := sql.Open("sqlite", path)
	if err != nil {
		return 0, fmt.Errorf("copy store: %w", err)
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	if err := made.QueryRowContext(ctx, "SELECT count(*) FROM subjects WHERE revision IS NOT NULL").
		Scan(&subjects); err != nil {
		return 0, fmt.Errorf("read copy of store: %w", err)
	}
	return subjects, nil
}
