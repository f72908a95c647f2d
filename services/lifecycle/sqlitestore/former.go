package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// formerRows is the number of subjects, or keys, that are converted in one transaction.
const formerRows = 10_000

// convertFormer converts the subjects and keys of a file of a version in which subjects had no number. Each transaction
// converts some: the next start goes on after a broken one.
func (s *Store) convertFormer(ctx context.Context) error {
	for more := true; more; {
		if s.recent.size() >= s.gather {
			if err := s.sortIn(ctx); err != nil {
				return err
			}
		}
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if more, err = convertSome(ctx, tx); err == nil {
			err = tx.Commit()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("convert the database: %w", err), rollback(tx))
		}
		if err := s.recent.refresh(ctx, s.write); err != nil {
			return err
		}
	}
	return nil
}

// convertSome converts the next rows, and reports whether some may be left.
func convertSome(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	former, err := hasTable(ctx, tx, "former_subjects")
	if err != nil || !former {
		return false, err
	}
	for _, convert := range []func(context.Context, *sql.Tx) (int, error){convertSubjects, convertKeys} {
		if n, err := convert(ctx, tx); err != nil || n > 0 {
			return true, err
		}
	}
	_, err = tx.ExecContext(ctx, "DROP TABLE former_subjects; DROP TABLE former_keys")
	return false, err
}

// hasTable reports whether a file has a table.
func hasTable(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, name string,
) (has bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)", name).Scan(&has)
	return has, err
}

// convertSubjects gives the next subjects their numbers, in the order of their ids, and labels them: the place of a
// subject that is removed between two pages of a list is found by its id.
func convertSubjects(ctx context.Context, tx *sql.Tx) (int, error) {
	const next = "(SELECT id, version, review_at, request_due, notice_due, revision, pending, labels, doc " +
		"FROM former_subjects ORDER BY id LIMIT ?)"
	number := int64(0)
	err := tx.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'subjects'").Scan(&number)
	if err != nil {
		return 0, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, labels FROM "+next+" ORDER BY id", formerRows)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n, last, labels := 0, "", map[int64][]int64{}
	for ; rows.Next(); n++ {
		var data []byte
		if err := rows.Scan(&last, &data); err != nil {
			return 0, err
		}
		number++
		for _, label := range decodeNumbers(data) {
			labels[label] = append(labels[label], number)
		}
	}
	if err := rows.Err(); err != nil || n == 0 {
		return 0, err
	}
	for _, statement := range []string{
		"INSERT INTO revisions (name) SELECT DISTINCT revision FROM " + next +
			" WHERE revision IS NOT NULL ON CONFLICT DO NOTHING",
		"INSERT INTO subjects (id, version, review_at, request_due, notice_due, revision, pending, labels, doc) " +
			"SELECT id, version, review_at, request_due, notice_due, r.number, pending, labels, doc " +
			"FROM " + next + " LEFT JOIN revisions AS r ON r.name = revision ORDER BY id",
	} {
		if _, err := tx.ExecContext(ctx, statement, formerRows); err != nil {
			return 0, err
		}
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM former_subjects WHERE id <= ?", last); err != nil {
		return 0, err
	}
	return n, addLabelled(ctx, tx, labels)
}

// convertKeys packs the next keys, which become recent keys. A key of a removed subject is dropped.
func convertKeys(ctx context.Context, tx *sql.Tx) (int, error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT run, key, ifnull(number, 0) FROM former_keys LEFT JOIN subjects ON id = subject
		ORDER BY run, key LIMIT ?`, formerRows)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n, run, key, packed := 0, int64(0), "", map[string]int64{}
	for ; rows.Next(); n++ {
		var subject int64
		if err := rows.Scan(&run, &key, &subject); err != nil {
			return 0, err
		}
		if subject != 0 {
			packed[hex.EncodeToString([]byte(pack(key)))] = subject
		}
	}
	if err := rows.Err(); err != nil || n == 0 {
		return 0, err
	}
	arg, err := json.Marshal(packed)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, claimKeys, string(arg)); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM former_keys WHERE (run, key) <= (?, ?)", run, key)
	return n, err
}
