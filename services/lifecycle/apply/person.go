package apply

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// entry is one fact with the keys of its person.
type entry struct {
	fact  fact.Fact
	names []identity.Identity
	// persons are the keys of identities, locators the keys of locators.
	persons, locators []string
	// former maps a key to its predecessor during a key rotation, when either may be stored.
	former map[string]string
	// trace is the trace context of the webhook.
	trace string
}

// entries reads the facts of deliveries.
func (a *Applier) entries(deliveries []*factv1.Delivery) ([]entry, error) {
	var out []entry
	for _, d := range deliveries {
		for _, f := range d.GetFacts() {
			e, err := a.entry(d, f)
			if err != nil {
				return nil, err
			}
			if len(e.persons)+len(e.locators) > 0 {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func (a *Applier) entry(d *factv1.Delivery, f *factv1.Fact) (entry, error) {
	fact, err := a.fact(d, f)
	e := entry{fact: fact, trace: d.GetTraceparent(), former: map[string]string{}}
	for _, i := range f.GetIdentities() {
		name := identity.Identity{Kind: i.GetKind(), Value: i.GetValue()}.Normal()
		e.names = append(e.names, name)
		e.persons = append(e.persons, e.key(a.opts.Vault.Keys(name)))
	}
	for _, l := range f.GetLocators() {
		e.locators = append(e.locators, e.key(a.opts.Vault.LocatorKeys(l)))
	}
	return e, err
}

// key returns the current key of several and records its predecessor.
func (e *entry) key(keys []string) string {
	if len(keys) > 1 {
		e.former[keys[0]] = keys[1]
	}
	return keys[0]
}

// person groups the entries of one person with the stored subjects of the same person. The
// surviving subject comes first.
type person struct {
	entries  []entry
	subjects []string
}

func (p *person) facts() []fact.Fact {
	out := make([]fact.Fact, len(p.entries))
	for i := range p.entries {
		out[i] = p.entries[i].fact
	}
	return out
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
		keys = append(append(keys, p.entries[i].persons...), p.entries[i].locators...)
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
		keys = slices.Concat(keys, entries[i].persons, entries[i].locators, slices.Collect(maps.Values(entries[i].former)))
	}
	slices.Sort(keys)
	owners, err := a.opts.Store.Lookup(ctx, slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	for i := range entries {
		for key, former := range entries[i].former {
			if id, ok := owners[former]; ok && owners[key] == "" {
				owners[key] = id
			}
		}
	}
	for i := range entries {
		for _, former := range entries[i].former {
			delete(owners, former)
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

// group groups the entries by person. Entries with a common identity belong to one person. An entry
// without identities, or with new identities only, joins the person of its locator: such identities
// belong to the payer. A locator never merges two known persons.
func group(
	entries []entry,
	owners map[string]string,
	subjects map[string]lifecycle.Subject,
	successorOf map[string]string,
) []person {
	g := grouping{parent: map[string]string{}, subject: map[string]bool{}}
	for i := range entries {
		for _, k := range entries[i].persons {
			g.join(entryNode(i), k)
			if id, ok := owners[k]; ok {
				g.joinSubject(k, id)
			}
		}
	}
	for old, successor := range successorOf {
		g.joinSubject("@"+old, successor)
	}
	for i := range entries {
		// The locator of another person is not claimed.
		entries[i].locators = slices.DeleteFunc(entries[i].locators, func(l string) bool {
			return !g.joinLocator(i, l, owners, subjects)
		})
	}
	out := g.persons(entries)
	for i := range out {
		// A fully erased person continues under the successor.
		slices.SortStableFunc(out[i].subjects, func(a, b string) int {
			return cmp.Compare(len(successorOf[a]), len(successorOf[b])) // a subject with a successor is the old one
		})
	}
	return out
}

func entryNode(entry int) string { return fmt.Sprintf("#%d", entry) }

// grouping is a forest over entries ("#1"), keys and subjects ("@id").
type grouping struct {
	parent  map[string]string
	subject map[string]bool // roots of groups with a subject
}

func (g *grouping) find(n string) string {
	for {
		up, ok := g.parent[n]
		if !ok {
			return n
		}
		n = up
	}
}

func (g *grouping) join(a, b string) {
	a, b = g.find(a), g.find(b)
	if a != b {
		g.parent[b] = a
		g.subject[a] = g.subject[a] || g.subject[b]
	}
}

func (g *grouping) joinSubject(n, id string) {
	g.subject[g.find("@"+id)] = true
	g.join(n, "@"+id)
}

// joinLocator joins an entry with the person of a locator. False means that the locator belongs to
// another person.
func (g *grouping) joinLocator(
	i int,
	locator string,
	owners map[string]string,
	subjects map[string]lifecycle.Subject,
) bool {
	entry := g.find(entryNode(i))
	id, owned := owners[locator]
	switch {
	case !owned && g.subject[entry] && g.subject[g.find(locator)]:
		return entry == g.find(locator)
	case !owned:
		g.join(entry, locator)
	case !g.subject[entry], entry == g.find("@"+id):
		g.joinSubject(entry, id)
	case !slices.ContainsFunc(subjects[id].Keys, identity.IsPersonKey):
		// The stored subject had locators only; this entry identifies the person.
		g.joinSubject(entry, id)
	default:
		return false
	}
	return true
}

// persons returns the groups in the order of their first entries.
func (g *grouping) persons(entries []entry) []person {
	var out []person
	index := map[string]int{}
	for i := range entries {
		root := g.find(entryNode(i))
		n, ok := index[root]
		if !ok {
			n = len(out)
			index[root] = n
			out = append(out, person{})
		}
		out[n].entries = append(out[n].entries, entries[i])
	}
	for n := range g.parent {
		if n[0] == '@' {
			g.collect(out, index, n)
		}
	}
	for n := range g.subject {
		if _, child := g.parent[n]; n[0] == '@' && !child {
			g.collect(out, index, n)
		}
	}
	for i := range out {
		slices.Sort(out[i].subjects)
	}
	return out
}

func (g *grouping) collect(out []person, index map[string]int, n string) {
	if i, ok := index[g.find(n)]; ok {
		out[i].subjects = append(out[i].subjects, n[1:])
	}
}
