package apply

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// conflict is another person with whom a name is shared: the two may be one person, and no rule decides.
type conflict struct {
	// other is the subject of the other person, system the platform that named both.
	other, system string
}

// settleNames compares the persons of the names of an entry. Names of two persons that may not be
// joined lose the names of one: the fact is applied to the person of the account, or to the person of
// the address when the fact is an act about consent. True means that the entry must wait for the
// result of earlier ones.
func (g *grouping) settleNames(e *entry) (wait bool, err error) {
	roots := g.rootsOf(e)
	if len(roots) > 1 {
		if g.placed > 0 {
			return true, nil
		}
		if err := g.settlePersons(e, roots); err != nil {
			return false, err
		}
		roots = g.rootsOf(e)
	}
	for _, root := range roots {
		apart := g.apartFrom(root)
		g.keepNames(e, func(key string) bool { return g.of(key) != "" || !slices.Contains(apart, key) })
	}
	return g.settleAccounts(e)
}

// rootsOf returns the known persons of the names of an entry, each once.
func (g *grouping) rootsOf(e *entry) []string {
	var roots []string
	for _, key := range e.persons {
		if root := g.of(key); root != "" && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// settlePersons removes the names of all persons but one from an entry, unless the persons may be joined.
func (g *grouping) settlePersons(e *entry, roots []string) error {
	home, joined := g.home(e, roots), true
	for i, a := range roots {
		for _, b := range roots[:i] {
			ok, silent, err := g.mayJoin(e, a, b)
			if err != nil {
				return err
			}
			joined = joined && ok
			if !ok && !silent {
				g.addConflict(e, a, b)
			}
		}
	}
	if !joined {
		g.keepNames(e, func(key string) bool { return g.of(key) == home || g.of(key) == "" })
	}
	return nil
}

// home returns the person to whom a fact of several persons belongs.
func (g *grouping) home(e *entry, roots []string) string {
	ofAddress := e.fact.Kind.IsAboutPerson() && e.fact.Kind != fact.KindAddressChanged && len(e.emails()) == 1
	for i, name := range e.names {
		if root := g.of(e.persons[i]); root != "" && (name.Kind == identity.KindEmail) == ofAddress {
			return root
		}
	}
	return roots[0]
}

// emails returns the keys of the addresses of an entry.
func (e *entry) emails() []string {
	var keys []string
	for i, name := range e.names {
		if name.Kind == identity.KindEmail {
			keys = append(keys, e.persons[i])
		}
	}
	return keys
}

// keepNames removes the names whose keys do not pass.
func (g *grouping) keepNames(e *entry, keep func(key string) bool) {
	var names []identity.Identity
	var persons, locators, loose []string
	for i, key := range e.persons {
		if keep(key) {
			names, persons = append(names, e.names[i]), append(persons, key)
			locators, loose = append(locators, e.locators[i]), append(loose, e.loose[i])
		}
	}
	e.names, e.persons, e.locators, e.loose = names, persons, locators, loose
}

// apartFrom returns the keys that an order parted from a person.
func (g *grouping) apartFrom(root string) []string {
	if !g.parted {
		return nil
	}
	var keys []string
	for _, id := range g.members(root) {
		keys = append(keys, g.subjects[id].Apart...)
	}
	return keys
}

// areApart reports whether an order parted two persons.
func (g *grouping) areApart(a, b string) bool {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		for _, key := range g.apartFrom(pair[0]) {
			if g.of(key) == pair[1] {
				return true
			}
		}
	}
	return false
}

// mayJoin reports whether an entry that names two known persons makes the persons one. A report of an
// account and an address does when the person of the address is known by records under that account
// alone, or when one of the persons has no address. A report of two addresses names both persons,
// which is a statement, as is a report by which the controller states that all names are of one person.
// Two ids of one system are two accounts, which only an order or a statement of the controller joins.
// silent reports whether an order parted the persons before.
func (g *grouping) mayJoin(e *entry, a, b string) (ok, silent bool, err error) {
	if g.areApart(a, b) {
		return false, true, nil
	}
	if e.states {
		return true, false, nil
	}
	one, knownOne, err := g.namesOf(e, a)
	if err != nil {
		return false, false, err
	}
	two, knownTwo, err := g.namesOf(e, b)
	switch {
	case err != nil:
		return false, false, err
	case !knownOne || !knownTwo || shareSystem(one, two):
		return false, false, nil
	case !hasEmail(one) || !hasEmail(two) || g.namesEmails(e, a, b):
		return true, false, nil
	}
	for _, key := range e.emails() {
		if g.onlyUnder(e, g.of(key)) {
			return true, false, nil
		}
	}
	return false, false, nil
}

// namesOf returns the names of a person; false when some names are unknown, because they were erased.
func (g *grouping) namesOf(e *entry, root string) (names []identity.Identity, known bool, err error) {
	count := 0
	for _, id := range g.members(root) {
		s := g.subjects[id]
		more, err := g.applier.opts.Vault.Open(id, s.Sealed)
		if err != nil {
			return nil, false, err
		}
		names = identity.Join(names, more)
		for _, key := range s.Keys {
			if identity.IsPersonKey(key) && !slices.Contains(e.persons, key) {
				count++
			}
		}
	}
	known = count == 0 || len(names) > 0
	for i, key := range e.persons {
		if g.of(key) == root {
			names = identity.Join(names, e.names[i:i+1])
		}
	}
	return names, known, nil
}

func hasEmail(names []identity.Identity) bool {
	return slices.ContainsFunc(names, func(n identity.Identity) bool { return n.Kind == identity.KindEmail })
}

// namesEmails reports whether an entry names an address of each of two persons.
func (g *grouping) namesEmails(e *entry, a, b string) bool {
	found := map[string]bool{}
	for _, key := range e.emails() {
		found[g.of(key)] = true
	}
	return found[a] && found[b]
}

// onlyUnder reports whether a person is known by facts alone that were reported under an account that
// the entry names.
func (g *grouping) onlyUnder(e *entry, root string) bool {
	known := false
	for _, id := range g.members(root) {
		for i := range g.subjects[id].Facts {
			by := g.subjects[id].Facts[i].By
			if !slices.ContainsFunc(by, func(key string) bool { return slices.Contains(e.persons, key) }) {
				return false
			}
			known = true
		}
	}
	return known
}

// shareSystem reports whether both persons have an id at one system: two different ids, because one
// id belongs to one person.
func shareSystem(a, b []identity.Identity) bool {
	return slices.ContainsFunc(a, func(x identity.Identity) bool {
		return x.Kind != identity.KindEmail && slices.ContainsFunc(b, func(y identity.Identity) bool {
			return x != y && system(x) == system(y)
		})
	})
}

// system names the system of an id: a platform, and the source where the id carries one ("5@shop").
func system(i identity.Identity) string {
	if _, source, ok := strings.Cut(i.Value, "@"); ok {
		return i.Kind + "@" + source
	}
	return i.Kind
}

// systemOf names the platform of an entry.
func systemOf(e *entry) string {
	for _, name := range e.names {
		if name.Kind != identity.KindEmail {
			return name.Kind
		}
	}
	return e.fact.Source
}

// settleAccounts compares the person of an account with the person to whom records under the account
// lead. Records of a person without a name are those of the account; other records stay with the
// person of their address.
func (g *grouping) settleAccounts(e *entry) (wait bool, err error) {
	for i, locator := range e.locators {
		if loose := e.loose[i]; loose != "" && g.of(loose) != "" && !g.named[g.of(loose)] {
			e.claims = append(slices.Clone(e.claims), loose)
		}
		root := ""
		if locator != "" {
			root = g.of(locator)
		}
		own := g.of(e.persons[i])
		switch {
		case root == "" || root == own:
		case !g.named[root]:
			e.claims = append(slices.Clone(e.claims), locator)
		case own != "" || g.rootOfOthers(e, i) == root:
		case g.isNew(root), g.isNew(g.rootOfOthers(e, i)):
			return true, nil
		case e.states && !g.areApart(root, g.rootOfOthers(e, i)):
			e.joins = append(e.joins, root)
		default:
			g.addConflict(e, root, g.rootOfOthers(e, i))
		}
	}
	return false, nil
}

// isNew reports whether earlier entries of the batch make a person known.
func (g *grouping) isNew(root string) bool { return root != "" && len(g.members(root)) == 0 }

// rootOfOthers returns the person of the other names of an entry; empty for a new person.
func (g *grouping) rootOfOthers(e *entry, but int) string {
	for i, key := range e.persons {
		if root := g.of(key); i != but && root != "" {
			return root
		}
	}
	return ""
}

// addConflict notes a conflict for both persons. An empty root is a person whom the entry makes known.
func (g *grouping) addConflict(e *entry, a, b string) {
	one, two := g.idOf(a), g.idOf(b)
	g.conflicts[one] = append(g.conflicts[one], conflict{other: two, system: systemOf(e)})
	g.conflicts[two] = append(g.conflicts[two], conflict{other: one, system: systemOf(e)})
}

// idOf returns the id of the subject of a root. The new person of the present entry gets an id.
func (g *grouping) idOf(root string) string {
	if root != "" {
		return slices.Max(g.members(root))
	}
	id, ok := g.fresh[g.present]
	if !ok {
		id = newID(g.applier.opts.Now())
		g.fresh[g.present] = id
	}
	return id
}
