package sqlitestore

import (
	"encoding/json"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// keys are the keys that a batch of changes claims or releases, as they are within the transaction. The keys of a
// batch are read and written by one statement each, in order, because keys lie scattered over the file.
type keys struct {
	writer *writer
	// owner is the subject of each key; empty for a free key.
	owner map[string]string
	// changed are the keys whose owner changed.
	changed map[string]bool
}

// keysOf returns the keys that changes may claim or release.
func keysOf(changes []store.Change) []string {
	var list []string
	for i := range changes {
		c := &changes[i]
		list = append(append(list, c.Claim...), c.Release...)
		if c.Subject.Removable() {
			list = append(list, c.Subject.Keys...)
		}
	}
	return list
}

// read reads the owners of keys.
func (k *keys) read(list []string) error {
	k.owner, k.changed = make(map[string]string, len(list)), map[string]bool{}
	if len(list) == 0 {
		return nil
	}
	arg, err := json.Marshal(list)
	if err != nil {
		return err
	}
	w := k.writer
	owners := w.tx.StmtContext(w.ctx, w.stmts.owners) //nolint:sqlclosecheck // closed by the transaction
	rows, err := owners.QueryContext(w.ctx, string(arg))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, subject string
		if err := rows.Scan(&key, &subject); err != nil {
			return err
		}
		k.owner[key] = subject
	}
	return rows.Err()
}

// claim gives keys to a subject.
func (k *keys) claim(list []string, subject string) {
	for _, key := range list {
		if k.owner[key] != subject {
			k.owner[key], k.changed[key] = subject, true
		}
	}
}

// release removes the keys that belong to a subject or to a subject merged into it.
func (k *keys) release(list []string, s *lifecycle.Subject) {
	for _, key := range list {
		if owner := k.owner[key]; owner != "" && (owner == s.ID || slices.Contains(s.MergedFrom, owner)) {
			k.owner[key], k.changed[key] = "", true
		}
	}
}

// write writes the changed keys.
func (k *keys) write() error {
	claimed, released := map[string]string{}, []string{}
	for key := range k.changed {
		if owner := k.owner[key]; owner != "" {
			claimed[key] = owner
		} else {
			released = append(released, key)
		}
	}
	if len(released) > 0 {
		arg, err := json.Marshal(released)
		if err != nil {
			return err
		}
		if _, err := k.writer.exec(k.writer.stmts.unclaim, string(arg)); err != nil {
			return err
		}
	}
	if len(claimed) == 0 {
		return nil
	}
	arg, err := json.Marshal(claimed) // sorted by key
	if err != nil {
		return err
	}
	_, err = k.writer.exec(k.writer.stmts.claim, string(arg))
	return err
}
