// Package reseal seals what is stored with the newest key, so that an older key can be
// thrown away.
package reseal

import (
	"context"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Store is where subjects are kept.
type Store interface {
	store.Lister
	Save(ctx context.Context, changes []store.Change) ([]error, error)
}

// Vault seals.
type Vault interface {
	Stale(sealed []byte) bool
	Reseal(subject string, sealed []byte) ([]byte, error)
	ResealText(sealed []byte) ([]byte, error)
}

// Progress is how far it is. Left counts what somebody else changed meanwhile; another
// run takes it.
type Progress struct {
	Walked   int  `json:"walked"`
	Resealed int  `json:"resealed"`
	Left     int  `json:"left"`
	Done     bool `json:"done"`
}

// batch is how many subjects are written at once.
const batch = 200

// Run seals every stored subject anew that is sealed with an older key. visit is told how
// far it is after each batch, and at the end. When it breaks off, what is written stays,
// and another run goes on.
func Run(ctx context.Context, s Store, v Vault, visit func(Progress) error) error {
	r := run{store: s, vault: v, visit: visit}
	err := store.Walk(ctx, s, func(subject *lifecycle.Subject) error {
		r.Walked++
		changed, err := r.reseal(subject)
		if err != nil {
			return err
		}
		if changed {
			r.changes = append(r.changes, store.Change{Subject: *subject})
		}
		if len(r.changes) < batch {
			return nil
		}
		return r.write(ctx)
	})
	if err == nil {
		err = r.write(ctx)
	}
	if err != nil {
		return fmt.Errorf("reseal: %w", err)
	}
	r.Done = r.Left == 0
	return visit(r.Progress)
}

type run struct {
	Progress
	store   Store
	vault   Vault
	visit   func(Progress) error
	changes []store.Change
}

// reseal changes a subject, and tells whether it did.
func (r *run) reseal(s *lifecycle.Subject) (changed bool, err error) {
	if r.vault.Stale(s.Sealed) {
		if s.Sealed, err = r.vault.Reseal(s.ID, s.Sealed); err != nil {
			return false, fmt.Errorf("names of %s: %w", s.ID, err)
		}
		changed = true
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if !r.vault.Stale(f.Proof) {
			continue
		}
		if f.Proof, err = r.vault.ResealText(f.Proof); err != nil {
			return false, fmt.Errorf("evidence of %s: %w", s.ID, err)
		}
		changed = true
	}
	return changed, nil
}

func (r *run) write(ctx context.Context) error {
	if len(r.changes) == 0 {
		return nil
	}
	errs, err := r.store.Save(ctx, r.changes)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			r.Left++ // changed meanwhile
		} else {
			r.Resealed++
		}
	}
	r.changes = r.changes[:0]
	return r.visit(r.Progress)
}
