package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Policies returns the policies that were in force, in the order in which they
// came into force.
func (s *Store) Policies(ctx context.Context) ([]store.Policy, error) {
	var out []store.Policy
	err := s.visit(ctx, func(rows *sql.Rows) error {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		var p store.Policy
		err := json.Unmarshal(doc, &p)
		out = append(out, p)
		return err
	}, "SELECT doc FROM policies ORDER BY since, revision")
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	return out, nil
}

// AddPolicy notes that a policy came into force. Each start may say so again: what is
// noted under the same revision and instant, to the millisecond, stays as it is.
func (s *Store) AddPolicy(ctx context.Context, p store.Policy) error {
	doc, err := json.Marshal(p)
	if err == nil {
		_, err = s.write.ExecContext(ctx, "INSERT INTO policies (revision, since, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", p.Revision, p.From.UnixMilli(), doc)
	}
	if err != nil {
		return fmt.Errorf("adopt policy %s: %w", p.Revision, err)
	}
	return nil
}
