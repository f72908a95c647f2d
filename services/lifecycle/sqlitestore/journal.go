package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Append appends entries to the journals of their subjects, in the given order within each subject.
// An error wraps store.ErrConflict if another entry has the position, and for every later entry of
// the same subject. An entry that is stored already is no conflict. The last error is an error of
// the database: no entry counts as stored then, and appending again is safe.
func (s *Store) Append(ctx context.Context, entries []chain.Entry) ([]error, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("append %d journal entries: %w", len(entries), err)
	}
	errs, err := s.appendTo(ctx, tx, entries)
	if err == nil {
		err = s.addDecided(ctx, tx, entries, errs)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("append %d journal entries: %w", len(entries), err), rollback(tx))
	}
	return errs, nil
}

// appendTo returns the errors of single entries, and the error that aborts the transaction.
func (s *Store) appendTo(ctx context.Context, tx *sql.Tx, entries []chain.Entry) ([]error, error) {
	ctx = context.WithoutCancel(ctx)               // as in newWriter
	insert := tx.StmtContext(ctx, s.stmts.journal) //nolint:sqlclosecheck // closed by the transaction
	errs := make([]error, len(entries))
	broken := map[string]bool{} // subjects with a failed entry
	for i := range entries {
		e := &entries[i]
		if broken[e.Subject] {
			errs[i] = taken(e)
			continue
		}
		doc, err := json.Marshal(e) // in the clear, for any tool of an auditor
		if err != nil {
			errs[i], broken[e.Subject] = fmt.Errorf("encode journal entry %s/%d: %w", e.Subject, e.Seq, err), true
			continue
		}
		stands, err := affected(insert.ExecContext(ctx, e.Subject, e.Seq, e.Key, e.At.UnixMilli(), e.Decision, doc))
		if err == nil && !stands {
			stands, err = s.isAppended(ctx, tx, e)
		}
		if err != nil {
			return nil, err
		}
		if !stands {
			errs[i], broken[e.Subject] = taken(e), true
		}
	}
	return errs, nil
}

func taken(e *chain.Entry) error {
	return fmt.Errorf("journal entry %s/%d: %w", e.Subject, e.Seq, store.ErrConflict)
}

// isAppended reports whether the same entry was appended before.
func (s *Store) isAppended(ctx context.Context, tx *sql.Tx, e *chain.Entry) (bool, error) {
	var doc []byte
	if err := tx.QueryRowContext(ctx, "SELECT doc FROM journal WHERE subject = ? AND seq = ?", e.Subject, e.Seq).
		Scan(&doc); err != nil {
		return false, err
	}
	var stored chain.Entry
	err := s.codec.unmarshal(doc, &stored)
	return stored.Hash == e.Hash, err
}

// Tails returns the last entry of each journal; subjects without a journal are absent.
func (s *Store) Tails(ctx context.Context, subjects []string) (map[string]chain.Entry, error) {
	entries := entryReader{codec: s.codec}
	err := s.each(ctx, `
		SELECT doc FROM json_each(?) AS wanted JOIN journal
		ON subject = wanted.value AND seq = (SELECT max(seq) FROM journal WHERE subject = wanted.value)`,
		subjects, entries.read)
	if err != nil {
		return nil, fmt.Errorf("read the ends of %d journals: %w", len(subjects), err)
	}
	found := make(map[string]chain.Entry, len(entries.list))
	for _, e := range entries.list {
		found[e.Subject] = e
	}
	return found, nil
}

// Noted reports which keys the journal of a subject contains, so that no note is appended twice.
func (s *Store) Noted(ctx context.Context, subject string, keys []string) (map[string]bool, error) {
	arg, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("look for %d keys in the journal of %s: %w", len(keys), subject, err)
	}
	found := make(map[string]bool, len(keys))
	visit := func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		found[key] = true
		return err
	}
	if err := s.visit(
		ctx,
		visit,
		"SELECT key FROM journal WHERE subject = ? AND key IN (SELECT value FROM json_each(?))",
		subject,
		string(arg),
	); err != nil {
		return nil, fmt.Errorf("look for %d keys in the journal of %s: %w", len(keys), subject, err)
	}
	return found, nil
}

// Entries returns the subject's journal, in order.
func (s *Store) Entries(ctx context.Context, subject string) ([]chain.Entry, error) {
	entries := entryReader{codec: s.codec}
	if err := s.visit(ctx, entries.read, "SELECT doc FROM journal WHERE subject = ? ORDER BY seq", subject); err != nil {
		return nil, fmt.Errorf("read the journal of %s: %w", subject, err)
	}
	return entries.list, nil
}

// LastEntries returns at most limit entries of a journal before a position, the newest first; before 0 means the end.
func (s *Store) LastEntries(ctx context.Context, subject string, before int64, limit int) ([]chain.Entry, error) {
	entries := entryReader{codec: s.codec}
	err := s.visit(ctx, entries.read,
		"SELECT doc FROM journal WHERE subject = ?1 AND (?2 = 0 OR seq < ?2) ORDER BY seq DESC LIMIT ?3",
		subject, before, max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("read the end of the journal of %s: %w", subject, err)
	}
	return entries.list, nil
}

// WalkJournal returns the complete journals of the next subjects after an id, at most limit of
// them, by subject id: only a complete chain can be verified.
func (s *Store) WalkJournal(ctx context.Context, after string, limit int) ([]chain.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	entries := entryReader{codec: s.codec}
	err := s.visit(ctx, entries.readPlaced, `
		SELECT subject, seq, doc FROM journal
		WHERE subject IN (SELECT DISTINCT subject FROM journal WHERE subject > ? ORDER BY subject LIMIT ?)
		ORDER BY subject, seq`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("walk journals after %q: %w", after, err)
	}
	return entries.list, nil
}

// entryReader gathers entries.
type entryReader struct {
	codec *codec
	list  []chain.Entry
}

func (r *entryReader) read(rows *sql.Rows) error {
	var doc []byte
	if err := rows.Scan(&doc); err != nil {
		return err
	}
	return r.add(doc)
}

// readPlaced reads an entry with its place in the table. The hash of an entry that was put in another place does not
// fit any more.
func (r *entryReader) readPlaced(rows *sql.Rows) error {
	var subject string
	var seq int64
	var doc []byte
	if err := rows.Scan(&subject, &seq, &doc); err != nil {
		return err
	}
	if err := r.add(doc); err != nil {
		return err
	}
	e := &r.list[len(r.list)-1]
	e.Subject, e.Seq = subject, seq
	return nil
}

func (r *entryReader) add(doc []byte) error {
	var e chain.Entry
	err := r.codec.unmarshal(doc, &e)
	r.list = append(r.list, e)
	return err
}

// Prune removes at most limit entries older than before, to the millisecond, and returns the number
// removed. Entries are removed from the beginning of a chain only. The last entry of a stored
// subject or redirect is kept, so that the chain can continue. Each call reads all old entries that
// must be kept, so calls should be infrequent. Traces of released keys are removed as well; see renewFilters.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	if err := s.renewFilters(ctx); err != nil {
		return 0, err
	}
	subjects, err := s.prunable(ctx, before, limit)
	if err != nil {
		return 0, fmt.Errorf("look for journal entries before %s: %w", before, err)
	}
	if len(subjects) == 0 {
		return 0, nil
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("prune journals: %w", err)
	}
	n, err := prune(ctx, tx, subjects, before, limit)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("prune journals: %w", err), rollback(tx))
	}
	return n, nil
}

// prunable returns subjects with a removable first entry. The query runs outside of the write
// transaction, so that other writers are not blocked.
func (s *Store) prunable(ctx context.Context, before time.Time, limit int) ([]string, error) {
	var subjects []string
	err := s.visit(ctx, func(rows *sql.Rows) error {
		var subject string
		err := rows.Scan(&subject)
		subjects = append(subjects, subject)
		return err
	}, `
		SELECT subject FROM journal AS first WHERE at < ?
		AND NOT EXISTS (SELECT 1 FROM journal WHERE subject = first.subject AND seq < first.seq)
		AND (EXISTS (SELECT 1 FROM journal WHERE subject = first.subject AND seq > first.seq)
			OR NOT EXISTS (SELECT 1 FROM subjects WHERE id = first.subject))
		ORDER BY at LIMIT ?`, before.UnixMilli(), limit)
	return subjects, err
}

// prune removes the beginnings of chains.
func prune(ctx context.Context, tx *sql.Tx, subjects []string, before time.Time, limit int) (int, error) {
	removed := 0
	var gone []decided
	for _, subject := range subjects {
		if removed == limit {
			break
		}
		n, of, err := pruneSubject(ctx, tx, subject, before, limit-removed)
		if err != nil {
			return 0, err
		}
		removed, gone = removed+n, append(gone, of...)
	}
	return removed, removeDecided(ctx, tx, gone)
}

// pruneSubject removes the beginning of one chain, and returns the number of entries and their decisions.
func pruneSubject(
	ctx context.Context, tx *sql.Tx, subject string, before time.Time, limit int,
) (removed int, of []decided, err error) {
	rows, err := tx.QueryContext(ctx, `
		DELETE FROM journal WHERE subject = ?1 AND seq IN (
			SELECT seq FROM journal WHERE subject = ?1
			AND seq < ifnull((SELECT min(seq) FROM journal WHERE subject = ?1 AND at >= ?2), 9223372036854775807)
			AND (seq < (SELECT max(seq) FROM journal WHERE subject = ?1) OR NOT EXISTS (SELECT 1 FROM subjects WHERE id = ?1))
			ORDER BY seq LIMIT ?3)
		RETURNING ifnull(decision, '')`, subject, before.UnixMilli(), limit)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var decision string
		if err := rows.Scan(&decision); err != nil {
			return 0, nil, err
		}
		if removed++; decision != "" {
			of = append(of, decided{decision, subject})
		}
	}
	return removed, of, rows.Err()
}
