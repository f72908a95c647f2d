package mongostore

import (
	"context"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Save carries changes out, each alone. A change that lost a race wraps
// store.ErrConflict. The last error is about the database: then nothing may be
// taken as stored, though some of it may be, and saving again is safe.
//
// The order is what makes a crash harmless. Keys are claimed before the subject
// is there, so no two subjects hold one key; the survivor is written before the
// absorbed becomes a redirect, so no fact is lost; and keys move last, so they
// lead to the absorbed as long as anything may be written to it.
func (s *Store) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	b := s.newBatch(changes)
	for _, step := range []func(context.Context) error{
		b.claim, b.giveUp, b.write, b.verify, b.release, b.redirect, b.move, b.remove,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("save %d subjects: %w", len(changes), err)
		}
	}
	errs := make([]error, len(b.changes))
	for i, c := range b.changes {
		errs[i] = c.err
	}
	return errs, nil
}

// batch is the changes of one Save.
type batch struct {
	store   *Store
	changes []*change
}

// change is a change under way.
type change struct {
	*store.Change
	// err is set once the change is lost.
	err error
	row *row
	// redirects are the writes of Redirect.
	redirects []*row
	// fresh are the keys that this save claimed, held those that were claimed for
	// the subject before, and later those of absorbed subjects, which move last.
	fresh, held, later []string
}

func (s *Store) newBatch(changes []store.Change) *batch {
	b := &batch{store: s, changes: make([]*change, len(changes))}
	seen := make(map[string]bool, len(changes))
	for i := range changes {
		c := &change{Change: &changes[i]}
		b.changes[i] = c
		if seen[c.Subject.ID] {
			c.lose()
			continue
		}
		seen[c.Subject.ID] = true
		if c.Subject.Removable() {
			continue
		}
		c.row = s.encode(c.Subject)
		c.err = c.row.err
		for _, r := range c.Redirect {
			row := s.encode(r)
			if c.err == nil {
				c.err = row.err
			}
			c.redirects = append(c.redirects, row)
		}
	}
	return b
}

// lose marks the change as one that lost a race.
func (c *change) lose() { c.err = conflict(c.Subject.ID) }

func conflict(id string) error { return fmt.Errorf("subject %s: %w", id, store.ErrConflict) }

// writes visits the changes that are not lost and write a subject.
func (b *batch) writes(visit func(*change)) {
	for _, c := range b.changes {
		if c.err == nil && !c.Subject.Removable() {
			visit(c)
		}
	}
}
