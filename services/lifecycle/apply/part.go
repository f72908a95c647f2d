package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// parting is the part of a subject that belongs to another person.
type parting struct {
	// match reports whether a fact belongs to the other person.
	match func(*fact.Fact) bool
	// release are the keys that lead to the other person.
	release []string
	// change makes further changes; nil for none.
	change func(s lifecycle.Subject, at time.Time) (lifecycle.Subject, error)
}

// apply removes the part from a subject.
func (p *parting) apply(s lifecycle.Subject, c *store.Change, at time.Time) (lifecycle.Subject, error) {
	s = lifecycle.Part(s, p.match)
	for _, key := range p.release {
		if slices.Contains(s.Keys, key) {
			c.Release = append(c.Release, key)
		}
	}
	s.Keys = slices.DeleteFunc(slices.Clone(s.Keys), func(k string) bool { return slices.Contains(c.Release, k) })
	if p.change == nil {
		return s, nil
	}
	return p.change(s, at)
}

// part removes a part from a stored subject, across redirects and version conflicts.
func (a *Applier) part(ctx context.Context, id string, p *parting) error {
	err := store.Update(ctx, a.opts.Store, id, func(s lifecycle.Subject) (*store.Change, error) {
		s = lifecycle.Rekey(s, a.opts.Vault.Current)
		subjects := map[string]lifecycle.Subject{s.ID: s}
		if p.change == nil && !slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return p.match(&f) }) &&
			!slices.ContainsFunc(p.release, func(k string) bool { return slices.Contains(s.Keys, k) }) {
			return nil, nil
		}
		c, err := a.decidePerson(ctx, &person{subjects: []string{s.ID}, parting: p}, subjects, a.opts.Now())
		if err != nil {
			return nil, fmt.Errorf("part a person: %w", err)
		}
		return c, nil
	})
	a.opts.Wake()
	return err
}
