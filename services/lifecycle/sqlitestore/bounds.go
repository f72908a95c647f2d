package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Bounds returns at most n-1 ids, in order, that divide the subjects into ranges of about the same size: each range
// ends with one of the ids, and the last range has no end.
func (s *Store) Bounds(ctx context.Context, n int) ([]string, error) {
	total, err := s.Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("divide the subjects: %w", err)
	}
	size := total / int64(max(n, 1))
	var out []string
	for last := ""; size > 0 && len(out) < n-1; {
		err := s.read.QueryRowContext(ctx,
			"SELECT id FROM subjects WHERE id > ? AND revision IS NOT NULL ORDER BY id LIMIT 1 OFFSET ?", last, size-1).
			Scan(&last)
		if errors.Is(err, sql.ErrNoRows) { // some were removed meanwhile
			break
		}
		if err != nil {
			return nil, fmt.Errorf("divide the subjects: %w", err)
		}
		out = append(out, last)
	}
	return out, nil
}
