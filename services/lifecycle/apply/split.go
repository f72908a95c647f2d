package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Errors of Split and Join.
var (
	// ErrUnknownSubject means that no subject has an id.
	ErrUnknownSubject = errors.New("no subject has this id")
	// ErrForeignName means that a name is not a name of the person.
	ErrForeignName = errors.New("a name does not belong to the person")
	// ErrAllNames means that no name would stay with the person.
	ErrAllNames = errors.New("at least one name must stay with the person")
	// ErrSamePerson means that two names already lead to one person.
	ErrSamePerson = errors.New("the two are one person already")
)

// Join makes two persons one, on an order of the controller, and returns the id of the subject.
func (a *Applier) Join(ctx context.Context, one, two string) (string, error) {
	for range attempts {
		subjects, err := a.loadAll(ctx, one, two)
		if err != nil {
			return "", err
		}
		ids := []string{subjects[0].ID, subjects[1].ID}
		if ids[0] == ids[1] {
			return "", ErrSamePerson
		}
		if lifecycle.FullyErased(subjects[0]) {
			slices.Reverse(ids)
		}
		found := map[string]lifecycle.Subject{subjects[0].ID: subjects[0], subjects[1].ID: subjects[1]}
		c, err := a.decidePerson(ctx, &person{subjects: ids}, found, a.opts.Now())
		if err != nil {
			return "", fmt.Errorf("join two persons: %w", err)
		}
		conflicts, err := a.save(ctx, []change{{Change: *c}})
		if err != nil {
			return "", fmt.Errorf("join two persons: %w", err)
		}
		if len(conflicts) == 0 {
			return c.Subject.ID, nil
		}
	}
	return "", fmt.Errorf("join two persons: %w", store.ErrConflict)
}

// loadAll loads subjects, across redirects.
func (a *Applier) loadAll(ctx context.Context, ids ...string) ([]lifecycle.Subject, error) {
	names, subjects := map[string]string{}, map[string]lifecycle.Subject{}
	for _, id := range ids {
		names[id] = id
	}
	if err := a.followRedirects(ctx, names, subjects); err != nil {
		return nil, err
	}
	out := make([]lifecycle.Subject, len(ids))
	for i, id := range ids {
		s, ok := subjects[names[id]]
		if !ok || s.ID == "" {
			return nil, ErrUnknownSubject
		}
		out[i] = s
	}
	return out, nil
}

// Split gives the facts of some names of a person to a new person, on an order of the controller, and
// returns the id of the new subject. No event joins the two again. After an error Split may have
// stored the new subject without its names; another Split completes the work.
func (a *Applier) Split(ctx context.Context, id string, names []identity.Identity) (string, error) {
	loaded, err := a.loadAll(ctx, id)
	if err != nil {
		return "", err
	}
	sp, err := a.newSplit(&loaded[0], names)
	if err != nil {
		return "", err
	}
	if err := a.saveParted(ctx, sp); err != nil {
		return "", fmt.Errorf("split a person: %w", err)
	}
	err = a.part(ctx, sp.from, &parting{
		match: sp.match, release: sp.keys,
		change: func(s lifecycle.Subject, at time.Time) (lifecycle.Subject, error) {
			var marked bool
			if s.Facts, marked = a.otherAccounts(s.Facts, sp.keys); marked {
				s.Revision = "" // forces a new evaluation
			}
			s, err := a.withoutNames(s, sp.names)
			return lifecycle.NoteParting(s, sp.to, personKeys(sp.keys), at), err
		},
	})
	if err != nil {
		return "", fmt.Errorf("split a person: %w", err)
	}
	err = store.Update(ctx, a.opts.Store, sp.to, func(s lifecycle.Subject) (*store.Change, error) {
		return &store.Change{Subject: s, Claim: sp.keys}, nil
	})
	if err != nil {
		return "", fmt.Errorf("split a person: give the names to the new subject %s: %w", sp.to, err)
	}
	return sp.to, nil
}

// split is a part of a person that becomes a person of its own.
type split struct {
	from, to string
	names    []identity.Identity
	// keys are the keys that lead to the new person, stay the identities that stay.
	keys, stay []string
	facts      []fact.Fact
	ids        map[string]bool
	// subject is the person before.
	subject lifecycle.Subject
}

func (sp *split) match(f *fact.Fact) bool { return sp.ids[f.ID] }

// newSplit finds the facts and the keys of some names of a subject.
func (a *Applier) newSplit(s *lifecycle.Subject, names []identity.Identity) (*split, error) {
	sp := &split{from: s.ID, to: newID(a.opts.Now()), ids: map[string]bool{}, subject: *s}
	for _, n := range names {
		n = n.Normal()
		keys := slices.Concat(a.opts.Vault.Keys(n), a.opts.Vault.FormerKeys(n), a.opts.Vault.LocatorKeys(n.String()))
		known := slices.DeleteFunc(keys, func(k string) bool { return !slices.Contains(s.Keys, k) })
		if len(known) == 0 {
			return nil, ErrForeignName
		}
		sp.names, sp.keys = append(sp.names, n), append(sp.keys, known...)
	}
	for _, key := range s.Keys {
		if identity.IsPersonKey(key) && !slices.Contains(sp.keys, key) {
			sp.stay = append(sp.stay, key)
		}
	}
	if len(sp.stay) == 0 {
		return nil, ErrAllNames
	}
	a.addFacts(sp, s)
	return sp, nil
}

// addFacts adds the facts that were reported under the names, and the other facts of their records.
func (a *Applier) addFacts(sp *split, s *lifecycle.Subject) {
	var under []string
	for _, n := range sp.names {
		under = append(under, a.opts.Vault.Key(n))
	}
	var records []string
	for i := range s.Facts {
		f := &s.Facts[i]
		if isUnder(f, under) {
			sp.ids[f.ID] = true
			if hasRecord(f.Kind) {
				records = append(records, recordNames(s.Facts, recordOf(f), nil)...)
			}
		}
	}
	for _, f := range s.Facts {
		if f.Address == "" && len(f.By) == 0 && hasRecord(f.Kind) && isOfRecord(&f, records) {
			sp.ids[f.ID] = true
		}
		if sp.ids[f.ID] {
			sp.facts = append(sp.facts, f)
		}
	}
	sp.facts, _ = a.otherAccounts(sp.facts, sp.stay)
	for _, name := range records {
		for _, key := range a.keysOf(name) {
			if slices.Contains(s.Keys, key) && !slices.Contains(sp.keys, key) {
				sp.keys = append(sp.keys, key)
			}
		}
	}
}

// otherAccounts returns facts with the mark of another person's account, where a key of the other person is among
// the names of the report, and whether a fact was marked: the counterpart of ownAccounts.
func (a *Applier) otherAccounts(facts []fact.Fact, keys []string) (out []fact.Fact, marked bool) {
	isOther := func(name string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return a.opts.Vault.Current(k) == name })
	}
	out = slices.Clone(facts)
	for i := range out {
		if f := &out[i]; f.Address != "" && !f.OtherAccount && slices.ContainsFunc(f.By, isOther) {
			f.OtherAccount, marked = true, true
		}
	}
	return out, marked
}

// isUnder reports whether a fact was reported under one of some names: by the address, or else by
// another name.
func isUnder(f *fact.Fact, names []string) bool {
	if f.Address != "" {
		return slices.Contains(names, f.Address)
	}
	return slices.ContainsFunc(f.By, func(k string) bool { return slices.Contains(names, k) })
}

// saveParted stores the new subject, which no name leads to yet.
func (a *Applier) saveParted(ctx context.Context, sp *split) error {
	s := lifecycle.Subject{
		ID: sp.to, Keys: slices.Sorted(slices.Values(sp.keys)), Questions: sp.subject.Questions,
		LastReceived: sp.subject.LastReceived,
	}
	var err error
	if s.Sealed, err = a.opts.Vault.Seal(s.ID, sp.names); err != nil {
		return err
	}
	p := &person{
		subjects: []string{s.ID},
		moves:    []move{{facts: sp.facts}},
		parting: &parting{
			match: func(*fact.Fact) bool { return false },
			change: func(s lifecycle.Subject, at time.Time) (lifecycle.Subject, error) {
				return lifecycle.NoteParting(s, sp.from, sp.stay, at), nil
			},
		},
	}
	c, err := a.decidePerson(ctx, p, map[string]lifecycle.Subject{s.ID: s}, a.opts.Now())
	if err != nil {
		return err
	}
	conflicts, err := a.save(ctx, []change{{Change: *c}})
	if err == nil && len(conflicts) > 0 {
		err = store.ErrConflict
	}
	return err
}

// withoutNames returns a subject with the remaining names sealed.
func (a *Applier) withoutNames(s lifecycle.Subject, names []identity.Identity) (lifecycle.Subject, error) {
	known, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil || len(known) == 0 {
		return s, err
	}
	known = slices.DeleteFunc(known, func(n identity.Identity) bool { return slices.Contains(names, n.Normal()) })
	s.Sealed, err = a.opts.Vault.Seal(s.ID, known)
	return s, err
}

func personKeys(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !identity.IsPersonKey(k) })
}
