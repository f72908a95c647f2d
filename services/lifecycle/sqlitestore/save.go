package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Save applies changes in one transaction. A change with a version conflict is omitted, and its
// error wraps store.ErrConflict.
func (s *Store) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	docs, errs := s.encode(changes)
	if s.recent.size() >= s.gather {
		if err := s.sortIn(ctx); err != nil {
			return nil, fmt.Errorf("save %d subjects: %w", len(changes), err)
		}
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("save %d subjects: %w", len(changes), err)
	}
	w := s.newWriter(ctx, tx)
	err = w.keys.read(keysOf(changes))
	if err == nil {
		err = w.readLabels(changes)
	}
	for i := range changes {
		if errs[i] == nil && err == nil {
			errs[i], err = w.change(&changes[i], docs[i])
		}
	}
	if err == nil {
		err = w.keys.write()
	}
	if err == nil {
		err = w.writeLabels(s.gather / labelShare)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("save %d subjects: %w", len(changes), err), rollback(tx))
	}
	s.labels.add(w.fresh)
	s.revisions.add(w.freshRevisions)
	if w.keys.rows != nil {
		s.recent.apply(w.keys.rows)
	}
	return errs, nil
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// encode encodes the subjects before the transaction begins.
func (s *Store) encode(changes []store.Change) ([][]byte, []error) {
	docs, errs := make([][]byte, len(changes)), make([]error, len(changes))
	inChunks(len(changes), func(i int) { docs[i], errs[i] = s.codec.marshal(changes[i].Subject) })
	return docs, errs
}

// inChunks does n pieces of work on as many cores as there are.
func inChunks(n int, work func(i int)) {
	const chunk = 64
	var wg sync.WaitGroup
	for from := 0; from < n; from += chunk {
		wg.Go(func() {
			for i := from; i < min(from+chunk, n); i++ {
				work(i)
			}
		})
	}
	wg.Wait()
}

// writer is one transaction.
type writer struct {
	ctx   context.Context //nolint:containedctx // lives for one Save
	tx    *sql.Tx
	codec *codec
	stmts *statements
	keys  keys
	// rows are the numbers of the subjects that are stored, or written.
	rows map[string]int64
	// labels and revisions are the numbers of the stored labels and policies, freshRevisions those of new policies.
	labels, revisions *numbers
	freshRevisions    map[string]int64
	labelChanges
}

// newWriter returns the writer of a transaction, which ends with ctx. The statements run without ctx, because the
// driver starts a goroutine for each statement that can be canceled.
func (s *Store) newWriter(ctx context.Context, tx *sql.Tx) *writer {
	w := &writer{
		ctx: context.WithoutCancel(ctx), tx: tx, codec: s.codec, stmts: s.stmts,
		rows: map[string]int64{}, labels: &s.labels, revisions: &s.revisions, freshRevisions: map[string]int64{},
		labelChanges: labelChanges{fresh: map[string]int64{}, counts: map[int64]int64{}},
	}
	w.keys.writer, w.keys.recent, w.keys.sorted = w, &s.recent, &s.sorted
	return w
}

func (w *writer) exec(stmt *sql.Stmt, args ...any) (sql.Result, error) {
	s := w.tx.StmtContext(w.ctx, stmt) //nolint:sqlclosecheck // closed by the transaction
	return s.ExecContext(w.ctx, args...)
}

// change carries one change out. The first error is the change's own; the second
// is the database's and ends the transaction.
func (w *writer) change(c *store.Change, doc []byte) (own, fatal error) {
	s := &c.Subject
	if s.Removable() {
		return w.removeSubject(c)
	}
	if free, err := w.free(c); !free || err != nil {
		return store.ErrConflict, err
	}
	if unchanged, err := w.unchanged(c.Redirect); !unchanged || err != nil {
		return store.ErrConflict, err
	}
	written, err := w.write(s, doc)
	if !written || err != nil {
		return store.ErrConflict, err
	}
	w.keys.claim(c.Claim, s.ID)
	w.keys.release(c.Release, s)
	for i := range c.Redirect {
		doc, err := w.codec.marshal(&c.Redirect[i])
		if err != nil {
			return nil, err
		}
		if _, err := w.write(&c.Redirect[i], doc); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// write stores a subject if the stored version is the expected one, and reports whether the write
// took place.
func (w *writer) write(s *lifecycle.Subject, doc []byte) (bool, error) {
	var revision any
	if s.MergedInto == "" {
		number, err := w.numberOf(w.revisions, w.freshRevisions, w.stmts.revision, w.stmts.revise, s.Revision)
		if err != nil {
			return false, err
		}
		revision = number
	}
	review, request, notice, pending := millis(s.ReviewAt), millis(s.RequestDue), millis(s.NoticeDue), s.Pending()
	is, err := w.numbersOf(s)
	if err != nil {
		return false, err
	}
	var res sql.Result
	if s.Version == 0 {
		res, err = w.exec(w.stmts.insert, s.ID, review, request, notice, revision, pending, encodeNumbers(is), doc)
	} else {
		res, err = w.exec(
			w.stmts.update, review, request, notice, revision, pending, encodeNumbers(is), doc, s.ID, s.Version)
	}
	written, err := affected(res, err)
	if !written || err != nil {
		return written, err
	}
	if s.Version == 0 {
		if w.rows[s.ID], err = res.LastInsertId(); err != nil {
			return false, err
		}
	}
	w.relabel(s.ID, is)
	return true, nil
}

// millis returns the column value of an instant; nil for no instant.
func millis(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UnixMilli()
}

func affected(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// free reports whether every claimed key is free, or belongs to the subject, to a merged subject,
// or to a removed one.
func (w *writer) free(c *store.Change) (bool, error) {
	for _, key := range c.Claim {
		owner := w.keys.owner[pack(key)]
		if owner == "" || owner == c.Subject.ID || slices.Contains(c.Subject.MergedFrom, owner) {
			continue
		}
		if version, err := w.stored(owner); version != 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}

// stored returns the version of a subject; 0 means not stored.
func (w *writer) stored(id string) (int64, error) {
	var version int64
	s := w.tx.StmtContext(w.ctx, w.stmts.version) //nolint:sqlclosecheck // closed by the transaction
	err := s.QueryRowContext(w.ctx, id).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, err
}

// unchanged reports whether the merged subjects still have the versions that were read, so that a
// change is applied with all redirects or not at all.
func (w *writer) unchanged(redirects []lifecycle.Subject) (bool, error) {
	for i := range redirects {
		version, err := w.stored(redirects[i].ID)
		if version != redirects[i].Version || err != nil {
			return false, err
		}
	}
	return true, nil
}

// removeSubject removes a subject, the redirects to it, and all keys of both.
func (w *writer) removeSubject(c *store.Change) (own, fatal error) {
	s := &c.Subject
	if unchanged, err := w.unchanged(c.Redirect); !unchanged || err != nil {
		return store.ErrConflict, err
	}
	if s.Version > 0 {
		removed, err := affected(w.exec(w.stmts.remove, s.ID, s.Version))
		if !removed || err != nil {
			return store.ErrConflict, err
		}
		w.relabel(s.ID, nil)
	}
	for _, id := range s.MergedFrom {
		if _, err := w.exec(w.stmts.removeAny, id); err != nil {
			return nil, err
		}
	}
	w.keys.release(s.Keys, s)
	return nil, nil
}
