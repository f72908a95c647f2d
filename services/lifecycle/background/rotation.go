package background

import (
	"context"
	"fmt"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// RotationStore is where subjects are kept.
type RotationStore interface {
	store.Lister
	store.Saver
}

// RotationVault seals and hashes.
type RotationVault interface {
	Stale(sealed []byte) bool
	Reencrypt(subject string, sealed []byte) ([]byte, error)
	ReencryptText(sealed []byte) ([]byte, error)
	Outdated(key string) bool
	Current(key string) string
}

// RotationProgress is the progress of a run. Walked counts the subjects of the current pass, Resealed the
// subjects changed in all passes. Left counts version conflicts alone, which another run resolves; any other
// error ends the run with its cause.
type RotationProgress struct {
	Walked   int  `json:"walked"`
	Resealed int  `json:"resealed"`
	Left     int  `json:"left"`
	Done     bool `json:"done"`
}

const (
	// rotationBatch is the number of subjects written at once.
	rotationBatch = 200
	// rotationPatience bounds the consecutive passes with version conflicts only.
	rotationPatience = 3
)

// RotateKeys seals and hashes again every stored subject with data of older keys. visit receives
// the progress after each batch and at the end. An interrupted run keeps its writes, and another
// run continues.
//
// A subject receives new hashes in one pass and loses the old hashes in the next, so that the
// subject can be found at any time. The run is complete when a pass finds nothing to do.
func RotateKeys(ctx context.Context, s RotationStore, v RotationVault, visit func(RotationProgress) error) error {
	r := rotation{store: s, vault: v, visit: visit}
	for vain := 0; vain < rotationPatience; {
		written, err := r.pass(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("reseal: %w", err)
		case written > 0:
			vain = 0
		case r.Left == 0:
			r.Done = true
			return visit(r.RotationProgress)
		default:
			vain++ // others were faster
		}
	}
	return visit(r.RotationProgress)
}

type rotation struct {
	RotationProgress
	store   RotationStore
	vault   RotationVault
	visit   func(RotationProgress) error
	changes []store.Change
	written int
}

// pass visits every subject once and returns the number of writes.
func (r *rotation) pass(ctx context.Context) (int, error) {
	r.Walked, r.Left, r.written = 0, 0, 0
	err := store.Walk(ctx, r.store, func(subject *lifecycle.Subject) error {
		r.Walked++
		c, err := r.renew(subject)
		if err != nil {
			return err
		}
		if c != nil {
			r.changes = append(r.changes, *c)
		}
		if len(r.changes) < rotationBatch {
			return nil
		}
		return r.write(ctx)
	})
	if err == nil {
		err = r.write(ctx)
	}
	return r.written, err
}

// renew returns the next change towards the current keys; nil when the subject is up to date.
func (r *rotation) renew(s *lifecycle.Subject) (*store.Change, error) {
	c := &store.Change{}
	sealed, err := r.reencrypt(s)
	if err != nil {
		return nil, err
	}
	old := slices.DeleteFunc(slices.Clone(s.Keys), func(k string) bool { return !r.vault.Outdated(k) })
	for _, k := range old {
		if now := r.vault.Current(k); !slices.Contains(s.Keys, now) {
			c.Claim = append(c.Claim, now)
		}
	}
	switch {
	case len(c.Claim) > 0:
		s.Keys = append(s.Keys, c.Claim...)
	case len(old) > 0:
		c.Release = old
		s.Keys = slices.DeleteFunc(s.Keys, func(k string) bool { return slices.Contains(old, k) })
	case !sealed:
		return nil, nil
	}
	slices.Sort(s.Keys)
	c.Subject = *s
	return c, nil
}

// reencrypt seals the data of a subject again and reports whether the subject changed.
func (r *rotation) reencrypt(s *lifecycle.Subject) (changed bool, err error) {
	if r.vault.Stale(s.Sealed) {
		if s.Sealed, err = r.vault.Reencrypt(s.ID, s.Sealed); err != nil {
			return false, fmt.Errorf("names of %s: %w", s.ID, err)
		}
		changed = true
	}
	changed = r.renewKeys(s.Apart) || changed
	for i := range s.Facts {
		f := &s.Facts[i]
		if r.vault.Outdated(f.Address) {
			f.Address, changed = r.vault.Current(f.Address), true
		}
		changed = r.renewKeys(f.By) || changed
		if !r.vault.Stale(f.Proof) {
			continue
		}
		if f.Proof, err = r.vault.ReencryptText(f.Proof); err != nil {
			return false, fmt.Errorf("evidence of %s: %w", s.ID, err)
		}
		changed = true
	}
	return changed, nil
}

func (r *rotation) write(ctx context.Context) error {
	if len(r.changes) == 0 {
		return nil
	}
	conflicts, err := store.Write(ctx, r.store, r.changes)
	if err != nil {
		return err
	}
	for i := range r.changes {
		switch {
		case slices.Contains(conflicts, i):
			r.Left++
		case len(r.changes[i].Release) == 0:
			r.Resealed++
			r.written++
		default: // counted together with the new hashes
			r.written++
		}
	}
	r.changes = r.changes[:0]
	return r.visit(r.RotationProgress)
}

// renewKeys replaces the outdated keys in a list and reports whether a key changed.
func (r *rotation) renewKeys(keys []string) (changed bool) {
	for i, k := range keys {
		if r.vault.Outdated(k) {
			keys[i], changed = r.vault.Current(k), true
		}
	}
	return changed
}
