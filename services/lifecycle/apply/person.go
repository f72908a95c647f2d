package apply

import (
	"context"
	"maps"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// person groups the entries of one person with the stored subjects of the same person. The
// surviving subject comes first.
type person struct {
	entries  []entry
	subjects []string
	// places are the places of the entries in the batch.
	places []int
	// moves are the records that the person takes over from other persons.
	moves []move
	// copies are copies of facts of other persons about a payment or a contract that the person holds as well.
	copies []fact.Fact
	// parting is the part of the subject that belongs to another person; nil for none.
	parting *parting
	// newID is the id of a new subject; empty for any.
	newID string
	// conflicts are names that the person shares with another person, to be resolved by an order.
	conflicts []conflict
}

// facts returns the facts of the entries, copies of the facts of records that the person takes over, and copies
// of facts about shared names.
func (p *person) facts() []fact.Fact {
	out := make([]fact.Fact, 0, len(p.entries))
	for i := range p.moves {
		out = append(out, p.moves[i].facts...)
	}
	for i := range p.entries {
		out = append(out, p.entries[i].fact)
	}
	return append(out, p.copies...)
}

// changesMore reports whether the person changes by more than facts and keys.
func (p *person) changesMore(s *lifecycle.Subject) bool {
	return p.parting != nil ||
		slices.ContainsFunc(p.conflicts, func(c conflict) bool { return !s.HasConflict(c.other) })
}

func (p *person) names() []identity.Identity {
	var out []identity.Identity
	for i := range p.entries {
		out = identity.Join(out, p.entries[i].names)
	}
	return out
}

// newKeys returns the keys of the entries that are missing in have.
func (p *person) newKeys(have []string) []string {
	var keys []string
	for i := range p.entries {
		keys = append(append(keys, p.entries[i].persons...), p.entries[i].claims...)
	}
	return newKeysOf(keys, have)
}

func newKeysOf(keys, have []string) []string {
	var out []string
	for _, k := range keys {
		if !slices.Contains(have, k) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// claimLocators adds and claims the keys that lead from decisions to the subject.
func (a *Applier) claimLocators(s *lifecycle.Subject, c *store.Change) {
	var keys []string
	for i := range s.Outbox {
		if d := &s.Outbox[i]; len(d.Recipients) > 0 || d.Ask != nil {
			keys = append(keys, a.opts.Vault.LocatorKey(identity.DecisionLocator(d.ID)))
		}
	}
	fresh := newKeysOf(keys, s.Keys)
	if len(fresh) == 0 {
		return
	}
	s.Keys, c.Claim = union(s.Keys, fresh), union(c.Claim, fresh)
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// resolve returns the subjects of the keys of the entries, across redirects.
func (a *Applier) resolve(
	ctx context.Context,
	entries []entry,
) (map[string]string, map[string]lifecycle.Subject, error) {
	owners, err := a.owners(ctx, entries)
	if err != nil {
		return nil, nil, err
	}
	subjects := map[string]lifecycle.Subject{}
	return owners, subjects, a.followRedirects(ctx, owners, subjects)
}

// followRedirects loads the subjects of names that are not loaded yet. Redirects are followed, and
// names without a subject are removed.
func (a *Applier) followRedirects(
	ctx context.Context,
	names map[string]string,
	subjects map[string]lifecycle.Subject,
) error {
	for missing := notLoaded(names, subjects); len(missing) > 0; missing = notLoaded(names, subjects) {
		found, err := a.opts.Store.Load(ctx, missing)
		if err != nil {
			return err
		}
		for _, id := range missing {
			subjects[id] = lifecycle.Rekey(found[id], a.opts.Vault.Current) // without an ID when the subject is removed
		}
		for name, id := range names {
			if into := subjects[id].MergedInto; into != "" {
				names[name] = into
			}
		}
	}
	maps.DeleteFunc(names, func(_, id string) bool { return subjects[id].ID == "" })
	return nil
}

// owners returns the subjects of the keys of the entries, by current or former key.
func (a *Applier) owners(ctx context.Context, entries []entry) (map[string]string, error) {
	var keys []string
	for i := range entries {
		keys = append(keys, entries[i].lookups()...)
	}
	slices.Sort(keys)
	owners, err := a.opts.Store.Lookup(ctx, slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	for i := range entries {
		for key, formers := range entries[i].former {
			for _, former := range formers {
				if id, ok := owners[former]; ok && owners[key] == "" {
					owners[key] = id
				}
			}
		}
	}
	for i := range entries {
		for _, formers := range entries[i].former {
			for _, former := range formers {
				delete(owners, former)
			}
		}
	}
	return owners, nil
}

// successors loads existing successors of fully erased subjects: an earlier writer may have stored
// a successor and failed before the redirect. The successors are added to subjects; the result maps
// the old id to the new one.
func (a *Applier) successors(ctx context.Context, subjects map[string]lifecycle.Subject) (map[string]string, error) {
	successorOf := map[string]string{}
	for id, s := range subjects {
		if s.ID != "" && lifecycle.FullyErased(s) {
			successorOf[id] = a.opts.Vault.SuccessorID(id)
		}
	}
	return successorOf, a.followRedirects(ctx, successorOf, subjects)
}

// notLoaded returns the owners that are not loaded yet.
func notLoaded(owners map[string]string, subjects map[string]lifecycle.Subject) []string {
	var out []string
	for _, id := range owners {
		if _, ok := subjects[id]; !ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
