package apply

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// grouping is a forest over entries ("#1"), keys and subjects ("@id"). The root of a tree is one person.
//
// Identities join: the entries and subjects of one identity are one person. Locators, which are names
// of records and accounts, find: a locator leads an entry to a person, and never joins two persons
// that are named.
type grouping struct {
	applier  *Applier
	entries  []entry
	owners   map[string]string
	subjects map[string]lifecycle.Subject
	parent   map[string]string
	// named are the roots with an identity.
	named map[string]bool
	// records are the keys of records that entries of this batch have mentioned.
	records map[string]bool
	moves   []move
	// copies are the copies of facts for other holders of a shared name.
	copies []copied
	// conflicts are the conflicts of each subject; fresh are the ids of new subjects with a conflict, by
	// the node of the entry that makes the person known.
	conflicts map[string][]conflict
	fresh     map[string]string
	// present is the node of the entry that is placed.
	present string
	// parted reports whether an order parted one of the subjects from another.
	parted bool
	// placed counts the entries with a person.
	placed int
}

// group groups entries by person. An entry whose person depends on the result of earlier entries ends
// the batch: placed is the number of entries before. Group changes the entries.
func (a *Applier) group(
	entries []entry,
	owners map[string]string,
	subjects map[string]lifecycle.Subject,
	successorOf map[string]string,
) (out []person, placed int, err error) {
	g := &grouping{
		applier:   a,
		entries:   entries,
		owners:    owners,
		subjects:  subjects,
		parent:    map[string]string{},
		named:     map[string]bool{},
		records:   map[string]bool{},
		conflicts: map[string][]conflict{},
		fresh:     map[string]string{},
	}
	for id := range subjects {
		g.parted = g.parted || len(subjects[id].Apart) > 0
	}
	for old, successor := range successorOf {
		g.join(g.subject(successor), g.subject(old))
	}
	for i := range entries {
		ok, err := g.place(i, &entries[i])
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			break
		}
	}
	out = g.persons(entries[:g.placed])
	for i := range out {
		// A fully erased person continues under the successor.
		slices.SortStableFunc(out[i].subjects, func(a, b string) int {
			return cmp.Compare(len(successorOf[a]), len(successorOf[b])) // a subject with a successor is the old one
		})
	}
	return out, g.placed, nil
}

func entryNode(entry int) string { return fmt.Sprintf("#%d", entry) }

func (g *grouping) find(n string) string {
	for {
		up, ok := g.parent[n]
		if !ok || up == n {
			return n
		}
		if above := g.parent[up]; above != up {
			g.parent[n] = above // halves the path for the next one
		}
		n = up
	}
}

// add makes a node of its own, unless the node exists.
func (g *grouping) add(n string) string {
	if _, ok := g.parent[n]; !ok {
		g.parent[n] = n
	}
	return g.find(n)
}

func (g *grouping) join(a, b string) {
	a, b = g.add(a), g.add(b)
	if a != b {
		g.parent[b] = a
		g.named[a] = g.named[a] || g.named[b]
	}
}

// subject returns the root of a stored subject.
func (g *grouping) subject(id string) string {
	n := "@" + id
	if _, known := g.parent[n]; !known {
		g.parent[n] = n
		g.named[n] = slices.ContainsFunc(g.subjects[id].Keys, identity.IsPersonKey)
	}
	return g.find(n)
}

// of returns the root of a key; empty for an unknown key.
func (g *grouping) of(key string) string {
	if id, ok := g.owners[key]; ok {
		return g.subject(id)
	}
	if _, ok := g.parent[key]; ok {
		return g.find(key)
	}
	return ""
}

// members returns the stored subjects of a root.
func (g *grouping) members(root string) []string {
	var out []string
	for n := range g.parent {
		if n[0] == '@' && g.find(n) == root {
			out = append(out, n[1:])
		}
	}
	slices.Sort(out)
	return out
}

// place finds the person of an entry; false when the entry must wait for the result of earlier ones.
func (g *grouping) place(i int, e *entry) (bool, error) {
	node := entryNode(i)
	g.present, e.joins = node, nil
	if g.findByRecord(e) {
		return false, nil
	}
	if wait, err := g.settleNames(e); wait || err != nil {
		return false, err
	}
	g.add(node)
	if len(e.emails()) == 0 && len(g.rootsOf(e)) == 0 { // a new id belongs to the person of the record
		if root := g.lookUp(e); root != "" {
			g.join(root, node)
		}
	}
	for _, key := range e.persons {
		if root := g.of(key); root != "" {
			g.join(root, node)
		} else {
			g.join(node, key)
		}
		g.named[g.find(node)] = true
	}
	for _, root := range e.joins {
		g.join(root, node)
	}
	if e.fact.StateOf == "" {
		e.fact.AsOf = nil // the time of the report has told a stale one
	}
	e.fact.OtherAccount = g.isUnderOtherAccount(node, e)
	e.claims = slices.Clone(e.claims)
	for _, a := range e.accounts {
		if g.of(a.locator) == g.find(node) {
			e.claims = append(e.claims, a.locator) // under the present hash
		}
	}
	e.claims = slices.DeleteFunc(e.claims, func(key string) bool { return !g.claim(node, key) })
	for _, key := range e.records {
		g.records[key] = true
	}
	g.share(i, e)
	g.placed++
	return true, nil
}

// isUnderOtherAccount reports whether a fact about an address was reported under the account of another
// known person; of a consent also, under an account that is not known to be the person's own: see ownAccounts.
func (g *grouping) isUnderOtherAccount(node string, e *entry) bool {
	return len(e.emails()) > 0 && slices.ContainsFunc(e.accounts, func(a account) bool {
		root := g.of(a.person)
		known := root != "" && g.named[root]
		return a.person != "" && root != g.find(node) && (known || a.loose != a.locator && e.fact.Kind == fact.KindSignup)
	})
}

// ownAccounts returns facts without the mark of another person's account, where an account of the person is
// among the names of the report, and whether a fact had the mark: the platform's own event may join the account after
// the report. So it has no effect which of the two arrives first.
func ownAccounts(facts []fact.Fact, keys []string) (out []fact.Fact, unmarked bool) {
	out = facts
	for i := range facts {
		f := &facts[i]
		if !f.OtherAccount || !slices.ContainsFunc(f.By, func(k string) bool { return slices.Contains(keys, k) }) {
			continue
		}
		if !unmarked {
			out, unmarked = slices.Clone(facts), true
		}
		out[i].OtherAccount = false
	}
	return out, unmarked
}

// claim joins an entry with a locator. False means that the locator belongs to another person.
func (g *grouping) claim(node, key string) bool {
	root, own := g.of(key), g.find(node)
	switch {
	case root == "":
		g.join(own, key)
	case root != own && g.named[root] && g.named[own], root != own && g.isMoved(root, own, key):
		return false
	case root != own && g.named[root]:
		g.join(root, own)
	case root != own:
		g.join(own, root) // the subject had locators only; this entry identifies the person
	}
	return true
}

// lookUp returns the root of the person to whom the locators of an entry without a name lead: by the
// record, or else by the account; empty for an unknown person. The first buyer under an account is not the
// person of the account: until the platform's own event joins the account, the records without an address stay
// with each other.
func (g *grouping) lookUp(e *entry) string {
	keys := slices.Clone(e.records)
	for _, a := range e.accounts {
		keys = append(keys, a.person, a.loose)
		if root := g.of(a.locator); root != "" && !g.named[root] {
			keys = append(keys, a.locator)
		}
	}
	var first string
	for _, key := range keys {
		root := g.of(key)
		if key == "" || root == "" {
			continue
		}
		if g.named[root] {
			return root
		}
		first = cmp.Or(first, root)
	}
	return first
}

// persons returns the groups in the order of their first entries.
func (g *grouping) persons(entries []entry) []person {
	var out []person
	index := map[string]int{}
	at := func(root string) *person {
		n, ok := index[root]
		if !ok {
			n = len(out)
			index[root] = n
			out = append(out, person{})
		}
		return &out[n]
	}
	for i := range entries {
		p := at(g.find(entryNode(i)))
		p.entries, p.places = append(p.entries, entries[i]), append(p.places, i)
	}
	for i := range g.moves {
		p := at(g.of(g.moves[i].to))
		p.moves = append(p.moves, g.moves[i])
	}
	for _, c := range g.copies {
		p := at(g.rootOf(c.to))
		p.copies, p.places = append(p.copies, c.fact), append(p.places, c.place)
	}
	for node, id := range g.fresh {
		p := at(g.find(node))
		p.newID, p.conflicts = id, append(p.conflicts, g.conflicts[id]...)
		delete(g.conflicts, id)
	}
	for _, id := range slices.Sorted(maps.Keys(g.conflicts)) {
		p := at(g.subject(id))
		p.conflicts = append(p.conflicts, g.conflicts[id]...)
	}
	for n := range g.parent {
		if n[0] != '@' {
			continue
		}
		if i, ok := index[g.find(n)]; ok {
			out[i].subjects = append(out[i].subjects, n[1:])
		}
	}
	for i := range out {
		slices.Sort(out[i].subjects)
	}
	return out
}
