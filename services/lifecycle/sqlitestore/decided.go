package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
)

// decided is a decision, and a subject whose journal has entries of the decision. The ids of decisions are hashes, so
// an index of them would write a page for each entry: as with recent keys, new rows are appended to recent_decisions,
// which is read as a whole, and become a run of sorted_decisions by the thousand. Whoever looks for a decision looks in
// each run: nobody does for each fact.
type decided [2]string

// addDecided adds the decisions of appended entries.
func (s *Store) addDecided(ctx context.Context, tx *sql.Tx, entries []chain.Entry, errs []error) error {
	var list []decided
	for i := range entries {
		if e := &entries[i]; errs[i] == nil && e.Decision != "" {
			list = append(list, decided{e.Decision, e.Subject})
		}
	}
	if len(list) == 0 {
		return nil
	}
	arg, err := json.Marshal(list)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)               // as in newWriter
	insert := tx.StmtContext(ctx, s.stmts.decided) //nolint:sqlclosecheck // closed by the transaction
	res, err := insert.ExecContext(ctx, string(arg))
	if err != nil {
		return err
	}
	// The rows are numbered from 1, so the last number is their count.
	if last, err := res.LastInsertId(); err != nil || last < int64(s.gather) {
		return err
	}
	return sortDecided(ctx, tx)
}

// sortDecided makes a run of the recent decisions.
func sortDecided(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		"INSERT INTO decision_runs DEFAULT VALUES",
		"INSERT INTO sorted_decisions SELECT DISTINCT (SELECT max(run) FROM decision_runs), decision, subject " +
			"FROM recent_decisions ORDER BY 1, 2, 3",
		"DELETE FROM recent_decisions",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// removeDecided removes the decisions of removed entries, unless other entries of the same journal are left.
func removeDecided(ctx context.Context, tx *sql.Tx, gone []decided) error {
	if len(gone) == 0 {
		return nil
	}
	arg, err := json.Marshal(gone)
	if err != nil {
		return err
	}
	const list = "SELECT value->>0, value->>1 FROM json_each(?1)"
	for table, which := range map[string]string{
		"decisions":        "(decision, subject) IN (" + list + ")",
		"recent_decisions": "(decision, subject) IN (" + list + ")",
		"sorted_decisions": "(run, decision, subject) IN (SELECT run, value->>0, value->>1 FROM json_each(?1), decision_runs)",
	} {
		//nolint:gosec // the names of tables
		if _, err := tx.ExecContext(ctx, `
			DELETE FROM `+table+` WHERE `+which+`
			AND NOT EXISTS (SELECT 1 FROM journal WHERE subject = `+table+`.subject AND decision = `+table+`.decision)`,
			string(arg)); err != nil {
			return err
		}
	}
	return nil
}

// EntriesOf returns the journal entries of a decision, by time. The entries may be in the journals
// of several merged subjects.
func (s *Store) EntriesOf(ctx context.Context, decision string) ([]chain.Entry, error) {
	entries := entryReader{codec: s.codec}
	if err := s.visit(
		ctx,
		entries.read,
		`SELECT doc FROM journal WHERE decision = ?1 AND subject IN (
			SELECT subject FROM decisions WHERE decision = ?1
			UNION SELECT subject FROM recent_decisions WHERE decision = ?1
			UNION SELECT subject FROM decision_runs AS r CROSS JOIN sorted_decisions AS s ON s.run = r.run AND decision = ?1)
		ORDER BY at, subject, seq`,
		decision,
	); err != nil {
		return nil, fmt.Errorf("read the entries of decision %s: %w", decision, err)
	}
	return entries.list, nil
}
