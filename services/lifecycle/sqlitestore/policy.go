package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Policies returns the policies that were in force, by time.
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

// AddPolicy records that a policy entered into force. The call is idempotent: a policy stored under
// the same revision and instant, to the millisecond, stays unchanged.
func (s *Store) AddPolicy(ctx context.Context, p store.Policy) error {
	doc, err := json.Marshal(p)
	if err == nil {
		_, err = s.write.ExecContext(
			ctx,
			"INSERT INTO policies (revision, since, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			p.Revision,
			p.From.UnixMilli(),
			doc,
		)
	}
	if err != nil {
		return fmt.Errorf("store policy %s: %w", p.Revision, err)
	}
	return nil
}
