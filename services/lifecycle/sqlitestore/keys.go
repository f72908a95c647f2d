package sqlitestore

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// keys are the keys that a batch of changes claims or releases, as they are within the transaction. The keys of a
// batch are read and written by one statement each.
type keys struct {
	writer *writer
	recent *recent
	sorted *sorted
	// owner is the subject of each packed key; empty for a free key.
	owner map[string]string
	// changed are the keys whose owner changed.
	changed map[string]bool
	// inRuns are the keys that are in runs.
	inRuns map[string]string
	// recently are the rows of the keys in recent_keys.
	recently map[string]recentKey
	// rows is what the transaction changed in recent_keys; nil for nothing.
	rows *rowsChange
}

// keysOf returns the packed keys that changes may claim or release.
func keysOf(changes []store.Change) []string {
	var list []string
	for i := range changes {
		c := &changes[i]
		list = append(append(list, c.Claim...), c.Release...)
		if c.Subject.Removable() {
			list = append(list, c.Subject.Keys...)
		}
	}
	return packAll(list)
}

// read reads the owners of packed keys.
func (k *keys) read(list []string) error {
	k.owner, k.changed = make(map[string]string, len(list)), map[string]bool{}
	if len(list) == 0 {
		return nil
	}
	w := k.writer
	if err := k.recent.refresh(w.ctx, w.tx); err != nil {
		return err
	}
	var err error
	if k.recently, list, err = k.recent.find(w.ctx, w.tx, list); err != nil {
		return err
	}
	for key, row := range k.recently {
		k.owner[key] = row.subject
	}
	k.inRuns = map[string]string{}
	err = k.sorted.find(w.ctx, w.tx, list, k.inRuns)
	maps.Copy(k.owner, k.inRuns)
	return err
}

// claim gives keys to a subject.
func (k *keys) claim(list []string, subject string) {
	for _, key := range list {
		if key = pack(key); k.owner[key] != subject {
			k.owner[key], k.changed[key] = subject, true
		}
	}
}

// release removes the keys that belong to a subject or to a subject merged into it.
func (k *keys) release(list []string, s *lifecycle.Subject) {
	for _, key := range list {
		key = pack(key)
		if owner := k.owner[key]; owner != "" && (owner == s.ID || slices.Contains(s.MergedFrom, owner)) {
			k.owner[key], k.changed[key] = "", true
		}
	}
}

// write writes the changed keys: their rows are removed, and claimed keys are appended to the recent ones.
func (k *keys) write() error {
	if len(k.changed) == 0 {
		return nil
	}
	k.rows = &rowsChange{removed: map[string]int64{}}
	claimed, moved, released := map[string]int64{}, []string{}, []string{}
	for key := range k.changed {
		if row, ok := k.recently[key]; ok {
			k.rows.removed[key] = row.seq
		}
		owner := k.owner[key]
		if _, ok := k.inRuns[key]; ok && owner != "" {
			moved = append(moved, key)
		} else if ok {
			released = append(released, key)
		}
		if owner != "" {
			claimed[hex.EncodeToString([]byte(key))] = k.writer.rows[owner]
			k.rows.appended = append(k.rows.appended, key)
		}
	}
	if err := k.sorted.remove(k.writer.ctx, k.writer.tx, moved, false); err != nil {
		return err
	}
	if err := k.sorted.remove(k.writer.ctx, k.writer.tx, released, true); err != nil {
		return err
	}
	return k.writeRows(claimed)
}

// writeRows appends and removes rows of recent keys. The rows that are appended follow the last row, in the order of
// their keys.
func (k *keys) writeRows(claimed map[string]int64) error {
	c, w := k.rows, k.writer
	if len(claimed) > 0 {
		arg, err := json.Marshal(claimed) // sorted by key
		if err != nil {
			return err
		}
		slices.Sort(c.appended)
		if err := k.appendRows(w.stmts.claim, string(arg)); err != nil {
			return err
		}
	}
	if len(c.removed) > 0 { // the row is appended first: a number of a removed last row would come again
		if err := k.appendRows(w.stmts.removed); err != nil {
			return err
		}
	}
	for _, seq := range c.removed {
		if _, err := w.exec(w.stmts.forget, seq); err != nil {
			return err
		}
	}
	c.from = c.to - int64(len(c.appended))
	if len(c.removed) > 0 {
		c.from--
	}
	return nil
}

// appendRows runs a statement that appends rows.
func (k *keys) appendRows(stmt *sql.Stmt, args ...any) error {
	res, err := k.writer.exec(stmt, args...)
	if err == nil {
		k.rows.to, err = res.LastInsertId()
	}
	return err
}
