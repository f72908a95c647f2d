// Package apply is the only writer of subjects: it finds the persons that facts
// are about, lets the core decide, and stores what follows.
package apply

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Store is what the applier needs of a store.
type Store interface {
	Lookup(ctx context.Context, keys []string) (map[string]string, error)
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
	Save(ctx context.Context, changes []store.Change) ([]error, error)
}

// Outbox knows which decisions in the outbox of a subject are out, and returns the subject
// as it is once they count as sent.
type Outbox interface {
	MarkPublished(ctx context.Context, s lifecycle.Subject, decisions []string) (lifecycle.Subject, error)
}

// Options configure an Applier.
type Options struct {
	Store  Store
	Vault  *identity.Vault
	Policy *lifecycle.Policy
	// Outbox is asked before a decision is taken back; nil means that nobody sends any.
	Outbox Outbox
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Wake is called after decisions were stored, to have them sent. It must
	// not block. Nil means nobody is waiting.
	Wake func()
}

// Applier applies facts to subjects. It may be used by several goroutines and in
// several processes at once: conditional writes settle races, and the loser
// decides again.
type Applier struct {
	opts  Options
	kinds map[factv1.Kind]lifecycle.Kind
}

// New makes an Applier.
func New(opts Options) *Applier {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Wake == nil {
		opts.Wake = func() {}
	}
	kinds := map[factv1.Kind]lifecycle.Kind{}
	for n, name := range factv1.Kind_name {
		kinds[factv1.Kind(n)] = lifecycle.Kind(strings.ToLower(strings.TrimPrefix(name, "KIND_")))
	}
	return &Applier{opts: opts, kinds: kinds}
}

// attempts is how often a change is tried again after it lost a race.
const attempts = 20

// Apply applies all facts of the deliveries. When it returns nil they are stored
// for good; on an error some of them may be, and applying them again is harmless.
func (a *Applier) Apply(ctx context.Context, deliveries []*factv1.Delivery) error {
	entries, err := a.entries(deliveries)
	if err != nil {
		return err
	}
	for range attempts {
		if len(entries) == 0 {
			return nil
		}
		if entries, err = a.applyOnce(ctx, entries); err != nil {
			return fmt.Errorf("apply facts: %w", err)
		}
	}
	return fmt.Errorf("apply facts: %d facts lost every race: %w", len(entries), store.ErrConflict)
}

// applyOnce applies entries once and returns those that lost a race.
func (a *Applier) applyOnce(ctx context.Context, entries []entry) ([]entry, error) {
	owners, subjects, err := a.resolve(ctx, entries)
	if err != nil {
		return nil, err
	}
	twins, err := a.successors(ctx, subjects)
	if err != nil {
		return nil, err
	}
	persons := group(entries, owners, subjects, twins)
	changes, err := a.decideAll(ctx, persons, subjects)
	if err != nil {
		return nil, err
	}
	errs, err := a.save(ctx, changes)
	if err != nil {
		return nil, err
	}
	var lost []entry
	for i, err := range errs {
		switch {
		case errors.Is(err, store.ErrConflict):
			lost = append(lost, persons[changes[i].person].entries...)
		case err != nil:
			return nil, err
		}
	}
	return lost, nil
}

// Review lets time pass for subjects: bases may have lapsed, or the policy may
// be another. Subjects that are written by others meanwhile are left to them.
// It returns how many were reviewed.
func (a *Applier) Review(ctx context.Context, ids []string) (int, error) {
	subjects, err := a.opts.Store.Load(ctx, ids)
	if err != nil {
		return 0, fmt.Errorf("review subjects: %w", err)
	}
	var persons []person
	for id, s := range subjects {
		if s.MergedInto == "" {
			persons = append(persons, person{subjects: []string{id}})
		}
	}
	changes, err := a.decideAll(ctx, persons, subjects)
	if err != nil {
		return 0, fmt.Errorf("review subjects: %w", err)
	}
	errs, err := a.save(ctx, changes)
	if err != nil {
		return 0, fmt.Errorf("review subjects: %w", err)
	}
	done := len(changes)
	for _, err := range errs {
		if errors.Is(err, store.ErrConflict) {
			done--
		} else if err != nil {
			return 0, fmt.Errorf("review subjects: %w", err)
		}
	}
	return done, nil
}

// save stores changes and calls Decided when there is something to send.
func (a *Applier) save(ctx context.Context, changes []change) ([]error, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	batch := make([]store.Change, len(changes))
	decided := false
	for i, c := range changes {
		batch[i] = c.Change
		decided = decided || c.Subject.Pending()
	}
	errs, err := a.opts.Store.Save(ctx, batch)
	if err == nil && decided {
		a.opts.Wake()
	}
	return errs, err
}

// change is a store.Change and the person it came from.
type change struct {
	store.Change
	person int
}

// decideAll decides for every person, on all cores. Persons for whom nothing
// changes give no change.
func (a *Applier) decideAll(ctx context.Context, persons []person, subjects map[string]lifecycle.Subject) ([]change, error) {
	at := a.opts.Now()
	out := make([]*store.Change, len(persons))
	workers := min(runtime.GOMAXPROCS(0), len(persons))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(persons) && errs[w] == nil; i += workers {
				out[i], errs[w] = a.decidePerson(ctx, &persons[i], subjects, at)
				attachTrace(out[i], &persons[i], subjects)
			}
		})
	}
	wg.Wait()
	var changes []change
	for i, c := range out {
		if c != nil {
			changes = append(changes, change{*c, i})
		}
	}
	return changes, errors.Join(errs...)
}

// decidePerson decides for one person. What is out is not taken back: it counts as sent, and
// then it is decided again.
func (a *Applier) decidePerson(ctx context.Context, p *person, subjects map[string]lifecycle.Subject, at time.Time) (*store.Change, error) {
	for {
		c, err := a.decide(p, subjects, at)
		if err != nil || c == nil || a.opts.Outbox == nil {
			return c, err
		}
		found, err := a.markPublished(ctx, p, subjects, &c.Subject)
		if err != nil || found == nil {
			return c, err
		}
		subjects = found
	}
}

// markPublished returns the subjects of a person with what is out counted as sent, or nil where
// nothing is out that a new state of the person lacks.
func (a *Applier) markPublished(ctx context.Context, p *person, subjects map[string]lifecycle.Subject, after *lifecycle.Subject) (map[string]lifecycle.Subject, error) {
	found := map[string]lifecycle.Subject{}
	sent := false
	for _, id := range p.subjects {
		s := subjects[id]
		if back := retracted(&s, after); len(back) > 0 {
			var err error
			if s, err = a.opts.Outbox.MarkPublished(ctx, s, back); err != nil {
				return nil, err
			}
		}
		sent = sent || len(s.Outbox) < len(subjects[id].Outbox)
		found[id] = s
	}
	if !sent {
		return nil, nil
	}
	return found, nil
}

// retracted lists the decisions that were in the outbox before and are not any more.
func retracted(before, after *lifecycle.Subject) []string {
	var ids []string
	for i := range before.Outbox {
		id := before.Outbox[i].ID
		if !slices.ContainsFunc(after.Outbox, func(d lifecycle.Decision) bool { return d.ID == id }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// decide decides for one person on what is stored of them.
func (a *Applier) decide(p *person, subjects map[string]lifecycle.Subject, at time.Time) (*store.Change, error) {
	s := lifecycle.Subject{ID: newID()}
	if len(p.subjects) > 0 {
		s = subjects[p.subjects[0]]
	}
	facts := p.facts()
	claim := p.newKeys(s.Keys)
	if len(p.subjects) == 1 && len(claim) == 0 && s.UnchangedBy(a.opts.Policy, facts, at) {
		return nil, nil
	}
	c := &store.Change{}
	if err := a.mergeNames(&s, p, subjects, c, &claim); err != nil {
		return nil, err
	}
	s.Keys = union(s.Keys, claim)
	before := s
	c.Subject, _ = lifecycle.Decide(a.opts.Policy, before, facts, at)
	c.Claim = claim
	a.claimLocators(&c.Subject, c)
	if len(p.subjects) == 1 && lifecycle.HasReturned(subjects[p.subjects[0]], c.Subject) {
		return a.decideSuccessor(before, subjects[p.subjects[0]], p, at)
	}
	return c, nil
}

// mergeNames gives a subject the names of the entries, and those of the subjects that turn
// out to be the same person, which it absorbs. What is sealed is opened only where
// there is something to add.
func (a *Applier) mergeNames(s *lifecycle.Subject, p *person, subjects map[string]lifecycle.Subject, c *store.Change, claim *[]string) error {
	told := p.names()
	if len(told) == 0 && len(p.subjects) < 2 {
		return nil
	}
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return err
	}
	known := len(names)
	for _, id := range p.subjects[min(1, len(p.subjects)):] {
		other := subjects[id]
		more, err := a.opts.Vault.Open(id, other.Sealed)
		if err != nil {
			return err
		}
		names = identity.Join(names, more)
		*claim = union(*claim, other.Keys) // also those that s has: they may still lead to the other
		*s = lifecycle.Merge(*s, other)
		c.Redirect = append(c.Redirect, lifecycle.Redirect(other, s.ID))
	}
	if names = identity.Join(names, told); len(names) > known {
		s.Sealed, err = a.opts.Vault.Seal(s.ID, names)
	}
	return err
}

// decideSuccessor decides for a person who is known again after everything was deleted, under a
// new id that takes over the keys of the old one.
func (a *Applier) decideSuccessor(s, old lifecycle.Subject, p *person, at time.Time) (*store.Change, error) {
	fresh := lifecycle.Successor(s, a.opts.Vault.SuccessorID(old.ID))
	var err error
	if fresh.Sealed, err = a.opts.Vault.Seal(fresh.ID, p.names()); err != nil {
		return nil, err
	}
	c := &store.Change{Claim: fresh.Keys, Redirect: []lifecycle.Subject{lifecycle.Redirect(old, fresh.ID)}}
	c.Subject, _ = lifecycle.Decide(a.opts.Policy, fresh, p.facts(), at)
	a.claimLocators(&c.Subject, c)
	return c, nil
}

// newID makes an id of a person, which means nothing.
func newID() string { return strings.ToLower(rand.Text()) }
