package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// sorted finds keys in the table sorted_keys. Keys are keyed hashes: in one index of all keys, each new key would read
// and write a page of its own, at a place that no other key is near. So the recent keys are appended as a run of their
// own, in order, whose filter excludes nearly every key that is not in it. A key is in one run at most, and a run never
// gets a key later.
//
// The filters of 32 runs are kept side by side, so that a look at one place of memory asks all of them.
type sorted struct {
	mu sync.Mutex
	// size is the number of bits of each filter; 0 before the first run.
	size uint64
	// runs are the numbers of the runs, in order. groups are their filters, 32 to a group: bit i of a word is that of the
	// i-th run of the group.
	runs   []int64
	groups [][]uint32
}

const (
	// bitsPerKey is the size of a filter, and probes how many of its bits a key sets: of 100,000 unknown keys a filter
	// lets 4 pass.
	bitsPerKey, probes = 24, 8
	// groupRuns is the number of runs of a group.
	groupRuns = 32
)

// newFilter makes a filter of bits for keys, of which there are about gather.
func newFilter(keys []string, gather int) []byte {
	out := make([]byte, bitsPerKey/8*max(gather, 1))
	size := uint64(len(out)) * 8
	for _, key := range keys {
		for place := range placesOf(key, size) {
			out[place/8] |= 1 << (place % 8)
		}
	}
	return out
}

// placesOf are the bits of a key in a filter of a size.
func placesOf(key string, size uint64) iter.Seq[uint64] {
	sum := xxhash.Sum64String(key)
	step := bits.RotateLeft64(sum, 32) | 1
	return func(yield func(uint64) bool) {
		for range probes {
			place, _ := bits.Mul64(sum, size)
			if !yield(place) {
				return
			}
			sum += step
		}
	}
}

// add adds the filter of a run. A filter of another size excludes no key.
func (s *sorted) add(run int64, filter []byte) {
	n := len(s.runs) % groupRuns
	if s.size == 0 {
		s.size = uint64(len(filter)) * 8
	}
	if n == 0 {
		s.groups = append(s.groups, make([]uint32, s.size)) // 3 MiB
	}
	s.runs = append(s.runs, run)
	words := s.groups[len(s.groups)-1]
	whole := uint64(len(filter))*8 != s.size
	for place := range words {
		if whole || filter[place/8]&(1<<(place%8)) != 0 {
			words[place] |= 1 << n
		}
	}
}

// candidates returns the keys that may be in each run.
func (s *sorted) candidates(keys []string) map[int64][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[int64][]string{}
	for _, key := range keys {
		for g, words := range s.groups {
			may := ^uint32(0)
			for place := range placesOf(key, s.size) {
				if may &= words[place]; may == 0 {
					break
				}
			}
			for ; may != 0; may &= may - 1 {
				run := s.runs[g*groupRuns+bits.TrailingZeros32(may)]
				out[run] = append(out[run], key)
			}
		}
	}
	return out
}

// refresh reads the runs that were added, by this process or another one.
func (s *sorted) refresh(ctx context.Context, db querier) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := int64(0)
	if len(s.runs) > 0 {
		last = s.runs[len(s.runs)-1]
	}
	rows, err := db.QueryContext(
		context.WithoutCancel(ctx), "SELECT run, filter FROM key_runs WHERE run > ? ORDER BY run", last) // as in newWriter
	if err != nil {
		return fmt.Errorf("read the runs of keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var run int64
		var filter []byte
		if err := rows.Scan(&run, &filter); err != nil {
			return fmt.Errorf("read the runs of keys: %w", err)
		}
		s.add(run, filter)
	}
	return rows.Err()
}

// find adds the owners of keys that are in runs.
func (s *sorted) find(ctx context.Context, db querier, keys []string, owner map[string]string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := s.refresh(ctx, db); err != nil {
		return err
	}
	candidates := s.candidates(keys)
	for _, run := range slices.Sorted(maps.Keys(candidates)) {
		if err := findIn(ctx, db, run, candidates[run], owner); err != nil {
			return fmt.Errorf("find keys: %w", err)
		}
	}
	return nil
}

// findIn adds the owners of keys that are in a run.
func findIn(ctx context.Context, db querier, run int64, keys []string, owner map[string]string) error {
	arg, err := json.Marshal(inHex(keys))
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(
		context.WithoutCancel(ctx), // as in newWriter
		"SELECT key, ifnull(id, '') FROM sorted_keys LEFT JOIN subjects ON number = subject "+
			"WHERE run = ? AND key IN (SELECT unhex(value) FROM json_each(?))", run, string(arg))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, subject string
		if err := rows.Scan(&key, &subject); err != nil {
			return err
		}
		owner[key] = subject
	}
	return rows.Err()
}

// remove removes keys from the runs. Where released keys were in a run, its filter is made anew later; see
// renewFilters.
func (s *sorted) remove(ctx context.Context, tx *sql.Tx, keys []string, released bool) error {
	ctx = context.WithoutCancel(ctx) // as in newWriter
	candidates := s.candidates(keys)
	for _, run := range slices.Sorted(maps.Keys(candidates)) {
		arg, err := json.Marshal(inHex(candidates[run]))
		if err != nil {
			return err
		}
		n := int64(0)
		res, err := tx.ExecContext(
			ctx, "DELETE FROM sorted_keys WHERE run = ? AND key IN (SELECT unhex(value) FROM json_each(?))", run, string(arg))
		if err == nil {
			n, err = res.RowsAffected()
		}
		if err != nil {
			return fmt.Errorf("remove keys: %w", err)
		}
		if n == 0 || !released {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO reduced_runs VALUES (?) ON CONFLICT DO NOTHING", run); err != nil {
			return fmt.Errorf("remove keys: %w", err)
		}
	}
	return nil
}

// renewFilters makes the filters of runs anew that lost released keys: a filter would otherwise tell for ever, to
// whoever has the key of the hashes, that the name of an erased person was once known. A process with the former filter
// in memory looks for a released key in vain, until its next start. A run without keys is removed.
func (s *Store) renewFilters(ctx context.Context) error {
	for ctx.Err() == nil {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("renew the filters of keys: %w", err)
		}
		more, err := renewFilter(ctx, tx)
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("renew the filters of keys: %w", err), rollback(tx))
		}
		if !more {
			return nil
		}
	}
	return ctx.Err()
}

// renewFilter makes the filter of one run anew, and reports whether there was one to renew.
func renewFilter(ctx context.Context, tx *sql.Tx) (bool, error) {
	var run int64
	var size int
	err := tx.QueryRowContext(ctx,
		"SELECT run, length(filter) FROM key_runs WHERE run = (SELECT min(run) FROM reduced_runs)").Scan(&run, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	keys, err := texts(ctx, tx, "SELECT key FROM sorted_keys WHERE run = ?", run)
	switch {
	case err != nil:
	case len(keys) == 0: // no number comes twice, so a process that knows the run finds nothing in it
		_, err = tx.ExecContext(ctx, "DELETE FROM key_runs WHERE run = ?", run)
	default:
		_, err = tx.ExecContext(ctx,
			"UPDATE key_runs SET filter = ? WHERE run = ?", newFilter(keys, size/(bitsPerKey/8)), run)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM reduced_runs WHERE run = ?", run)
	}
	return true, err
}

// addRun appends rows of keys and subjects as a run; rows is a query of both, in the order of the keys.
func addRun(ctx context.Context, tx *sql.Tx, gather int, rows string, args ...any) error {
	keys, err := texts(ctx, tx, "SELECT key FROM ("+rows+")", args...)
	if err != nil || len(keys) == 0 {
		return err
	}
	res, err := tx.ExecContext(ctx, "INSERT INTO key_runs (filter) VALUES (?)", newFilter(keys, gather))
	if err != nil {
		return err
	}
	run, err := res.LastInsertId()
	if err != nil {
		return err
	}
	//nolint:gosec // a query of this package
	_, err = tx.ExecContext(ctx, "INSERT INTO sorted_keys SELECT ?, key, subject FROM ("+rows+")",
		append([]any{run}, args...)...)
	return err
}

// texts returns the texts of a query.
func texts(ctx context.Context, db querier, query string, args ...any) (out []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
