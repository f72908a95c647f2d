package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// gatherKeys is the number of recent keys that are sorted into identities at once.
const gatherKeys = 16384

// recent are the keys of the table recent_keys, in memory. A key is a keyed hash, so each new row of identities would
// write a page of its own: new keys are appended to recent_keys, and sorted into identities by the thousand.
//
// A row never changes, numbers only grow, and the last row is removed only after another was appended. A key has one
// row at most. Who removes rows appends a row with the key "", at which other processes read the table anew.
type recent struct {
	mu sync.Mutex
	// seen is the number of the last row that was read.
	seen int64
	of   map[string]recentKey
}

// recentKey is a row of recent_keys.
type recentKey struct {
	seq     int64
	subject string
}

// querier is a connection, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// refresh reads the rows that another process, or another transaction, appended.
func (r *recent) refresh(ctx context.Context, db querier) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // as in newWriter
	removed, err := r.read(ctx, db)
	if err == nil && removed {
		r.seen, r.of = 0, nil
		_, err = r.read(ctx, db)
	}
	if err != nil {
		r.seen, r.of = 0, nil // read anew by the next refresh
		return fmt.Errorf("read recent keys: %w", err)
	}
	return nil
}

// read reads the rows after the last one that was seen, and reports whether rows before were removed.
func (r *recent) read(ctx context.Context, db querier) (removed bool, err error) {
	first := r.seen == 0
	rows, err := db.QueryContext(ctx, "SELECT seq, key, subject FROM recent_keys WHERE seq > ? ORDER BY seq", r.seen)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var row recentKey
		if err := rows.Scan(&row.seq, &key, &row.subject); err != nil {
			return false, err
		}
		r.seen = row.seq
		if key == "" {
			removed = !first
			continue
		}
		if r.of == nil {
			r.of = map[string]recentKey{}
		}
		r.of[key] = row
	}
	return removed, rows.Err()
}

// find returns the rows of recent keys, and the other keys.
func (r *recent) find(keys []string) (found map[string]recentKey, other []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found = map[string]recentKey{}
	for _, key := range keys {
		if row, ok := r.of[key]; ok {
			found[key] = row
		} else {
			other = append(other, key)
		}
	}
	return found, other
}

// last returns the number of the last row, and the number of keys.
func (r *recent) last() (seq int64, keys int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen, len(r.of)
}

// rowsChange is what a transaction changed: the rows of removed keys, then the rows of keys appended after from, then
// perhaps a row with the key "".
type rowsChange struct {
	from     int64
	removed  []string
	appended []string
	subjects []string
	to       int64
}

// apply carries a committed change over. The next refresh does where another was faster.
func (r *recent) apply(c *rowsChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen != c.from {
		return
	}
	if r.of == nil {
		r.of = map[string]recentKey{}
	}
	for _, key := range c.removed {
		delete(r.of, key)
	}
	for i, key := range c.appended {
		r.of[key] = recentKey{c.from + 1 + int64(i), c.subjects[i]}
	}
	r.seen = c.to
}

// sortIn moves the recent keys to identities, in one transaction.
func (s *Store) sortIn(ctx context.Context) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sort recent keys in: %w", err)
	}
	if err := s.recent.refresh(ctx, tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	seq, _ := s.recent.last()
	for _, statement := range []string{
		"INSERT INTO identities (key, subject) SELECT key, subject FROM recent_keys WHERE key <> '' ORDER BY key " +
			"ON CONFLICT (key) DO UPDATE SET subject = excluded.subject",
		"DELETE FROM recent_keys",
		fmt.Sprintf("INSERT INTO recent_keys (seq, key, subject) VALUES (%d, '', '')", seq+1),
	} {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement)
		}
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sort recent keys in: %w", err), rollback(tx))
	}
	s.recent.clear(seq)
	return nil
}

// clear forgets the keys up to a row, which are sorted in.
func (r *recent) clear(seq int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == seq {
		r.seen, r.of = seq+1, nil
	}
}
