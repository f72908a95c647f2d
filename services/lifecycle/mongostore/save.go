package mongostore

import (
	"context"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Save applies changes independently. The error of a change wraps store.ErrConflict after a version
// conflict. The last error is an error of the database: some changes may be stored then, and saving
// again is safe.
//
// The order of the steps makes a crash recoverable. Keys are claimed before the subject is stored,
// so that no two subjects share a key. The survivor of a merge is written before the redirect, so
// that no fact is lost. Keys move last, so that the merged subject is found as long as facts may be
// written to it.
func (s *Store) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	b := s.newBatch(changes)
	for _, step := range []func(context.Context) error{
		b.claim, b.deleteReleased, b.write, b.verify, b.release, b.redirect, b.move, b.remove,
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
	// fresh are keys claimed by this save, held are keys claimed earlier for the same subject, and
	// later are keys of merged subjects, which move last.
	fresh, held, later []string
}

func (s *Store) newBatch(changes []store.Change) *batch {
	b := &batch{store: s, changes: make([]*change, len(changes))}
	seen := make(map[string]bool, len(changes))
	for i := range changes {
		c := &change{Change: &changes[i]}
		b.changes[i] = c
		if seen[c.Subject.ID] {
			c.markConflict()
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

// markConflict fails the change with a version conflict.
func (c *change) markConflict() { c.err = conflict(c.Subject.ID) }

func conflict(id string) error { return fmt.Errorf("subject %s: %w", id, store.ErrConflict) }

// writes visits the valid changes that write a subject.
func (b *batch) writes(visit func(*change)) {
	for _, c := range b.changes {
		if c.err == nil && !c.Subject.Removable() {
			visit(c)
		}
	}
}
