package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// State returns a document about the installation itself; empty for an unknown name.
func (s *Store) State(ctx context.Context, name string) (string, error) {
	var doc string
	err := s.read.QueryRowContext(ctx, "SELECT doc FROM state WHERE name = ?", name).Scan(&doc)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the state %s: %w", name, err)
	}
	return doc, nil
}

// SetState stores a document about the installation itself; the latest one counts.
func (s *Store) SetState(ctx context.Context, name, doc string) error {
	const upsert = "INSERT INTO state (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc"
	if _, err := s.write.ExecContext(ctx, upsert, name, doc); err != nil {
		return fmt.Errorf("store the state %s: %w", name, err)
	}
	return nil
}

// AddState stores a document unless there is one of its name, and returns the stored one. Of several callers at the
// same time one succeeds.
func (s *Store) AddState(ctx context.Context, name, doc string) (string, error) {
	const insert = "INSERT INTO state (name, doc) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
	if _, err := s.write.ExecContext(ctx, insert, name, doc); err != nil {
		return "", fmt.Errorf("add the state %s: %w", name, err)
	}
	return s.State(ctx, name)
}

// ReplaceState stores a document in place of a former one; an empty former one means that there is none. The error is
// store.ErrConflict when the stored document is another.
func (s *Store) ReplaceState(ctx context.Context, name, former, doc string) error {
	statement, args := "UPDATE state SET doc = ? WHERE name = ? AND doc = ?", []any{doc, name, former}
	if former == "" {
		statement, args = "INSERT INTO state (doc, name) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", args[:2]
	}
	res, err := s.write.ExecContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("replace the state %s: %w", name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("replace the state %s: %w", name, cmp.Or(err, store.ErrConflict))
	}
	return nil
}
