package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
)

// gatherKeys is the number of recent keys that become a run at once.
const gatherKeys = 32768

// recent finds the rows of the table recent_keys. A key is a keyed hash, so each new row of an index would write a
// page of its own: new keys are appended to recent_keys, and become a run by the thousand; see sorted.
//
// A row never changes, numbers only grow, and the last row is removed only after another was appended. A key has one
// row at most. Who removes rows appends a row with the key "", at which other processes read the table anew.
type recent struct {
	mu   sync.Mutex
	seed maphash.Seed
	// seen is the number of the last row that was read.
	seen int64
	// rows are the numbers of the rows by the hash of the key, which need a quarter of the memory of the keys. twins are
	// those of keys whose hash another key has.
	rows  map[uint64]int64
	twins map[string]int64
}

// recentKey is a row of recent_keys.
type recentKey struct {
	seq     int64
	subject string
}

// set sets the row of a key.
func (r *recent) set(key string, seq int64) {
	if r.rows == nil {
		r.seed, r.rows, r.twins = maphash.MakeSeed(), map[uint64]int64{}, map[string]int64{}
	}
	sum := maphash.String(r.seed, key)
	if _, taken := r.rows[sum]; taken {
		r.twins[key] = seq
		return
	}
	r.rows[sum] = seq
}

// remove removes the row of a key.
func (r *recent) remove(key string, seq int64) {
	if _, ok := r.twins[key]; ok {
		delete(r.twins, key)
	} else if sum := maphash.String(r.seed, key); r.rows[sum] == seq {
		delete(r.rows, sum)
	}
}

// forget forgets all rows up to a number.
func (r *recent) forget(seen int64) { r.seen, r.rows, r.twins = seen, nil, nil }

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
		r.forget(0)
		_, err = r.read(ctx, db)
	}
	if err != nil {
		r.forget(0) // read anew by the next refresh
		return fmt.Errorf("read recent keys: %w", err)
	}
	return nil
}

// last is the number of the last row that was read. Whoever adds, moves or releases a recent key, and whoever sorts
// keys in, appends a row.
func (r *recent) last() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// read reads the rows after the last one that was seen, and reports whether rows before were removed.
func (r *recent) read(ctx context.Context, db querier) (removed bool, err error) {
	first := r.seen == 0
	rows, err := db.QueryContext(ctx, "SELECT seq, key FROM recent_keys WHERE seq > ? ORDER BY seq", r.seen)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&r.seen, &key); err != nil {
			return false, err
		}
		if key != "" {
			r.set(key, r.seen)
		} else if !first {
			return true, nil
		}
	}
	return removed, rows.Err()
}

// rowsOf returns the numbers of the rows that may be those of keys.
func (r *recent) rowsOf(keys []string) []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		return nil
	}
	var out []int64
	for _, key := range keys {
		if seq, ok := r.twins[key]; ok {
			out = append(out, seq)
		} else if seq, ok := r.rows[maphash.String(r.seed, key)]; ok {
			out = append(out, seq)
		}
	}
	return out
}

// find returns the rows of recent keys, and the other keys.
func (r *recent) find(ctx context.Context, db querier, keys []string) (map[string]recentKey, []string, error) {
	found := map[string]recentKey{}
	seqs := r.rowsOf(keys)
	if len(seqs) == 0 {
		return found, keys, nil
	}
	arg, err := json.Marshal(seqs)
	if err != nil {
		return nil, nil, err
	}
	rows, err := db.QueryContext(
		context.WithoutCancel(ctx), // as in newWriter
		"SELECT seq, key, ifnull(id, '') FROM recent_keys LEFT JOIN subjects ON number = subject "+
			"WHERE seq IN (SELECT value FROM json_each(?))",
		string(arg),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("read recent keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var row recentKey
		if err := rows.Scan(&row.seq, &key, &row.subject); err != nil {
			return nil, nil, fmt.Errorf("read recent keys: %w", err)
		}
		found[key] = row
	}
	other := make([]string, 0, len(keys))
	for _, key := range keys {
		if _, ok := found[key]; !ok {
			other = append(other, key)
		}
	}
	return found, other, rows.Err()
}

// size is the number of keys.
func (r *recent) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rows) + len(r.twins)
}

// rowsChange is what a transaction changed: the rows of removed keys, then the rows of keys appended after from, then
// perhaps a row with the key "".
type rowsChange struct {
	from     int64
	removed  map[string]int64
	appended []string
	to       int64
}

// apply carries a committed change over. The next refresh does where another was faster.
func (r *recent) apply(c *rowsChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen != c.from {
		return
	}
	for key, seq := range c.removed {
		r.remove(key, seq)
	}
	for i, key := range c.appended {
		r.set(key, c.from+1+int64(i))
	}
	r.seen = c.to
}

// sortIn makes a run of the recent keys, in one transaction, unless another writer was faster: a run costs a filter,
// however few its keys are.
func (s *Store) sortIn(ctx context.Context) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sort recent keys in: %w", err)
	}
	if err := s.recent.refresh(ctx, tx); err != nil || s.recent.size() < s.gather {
		return errors.Join(err, rollback(tx))
	}
	var seq int64
	err = tx.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM recent_keys").Scan(&seq)
	if err == nil {
		err = addRun(ctx, tx, s.gather, "SELECT key, subject FROM recent_keys WHERE key <> x'' ORDER BY key")
	}
	for _, statement := range []string{
		"DELETE FROM recent_keys",
		fmt.Sprintf("INSERT INTO recent_keys (seq, key, subject) VALUES (%d, x'', 0)", seq+1),
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
		r.forget(seq + 1)
	}
}
