package apply

import (
	"fmt"
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// furtherHolders bounds the holders of a name besides its owner. A report about the name does not reach any
// more of them.
const furtherHolders = 3

// shared is a name that several persons may hold. A key leads to one person, so the owner of the name is the first
// holder, and each other holder owns one of the further keys.
type shared struct {
	name, key string
	further   []string
	kind      sharedKind
}

// sharedKind is the kind of a shared name.
type sharedKind int

const (
	// payment is a payment with which the orders of two buyers were paid.
	payment sharedKind = iota
	// contract is a contract whose orders several persons bought.
	contract
	// beginning is an order that began a contract of another person.
	beginning
)

// copied is a copy of a fact for another holder of a shared name: the key or the node that leads to the holder, and
// the place of the entry in the batch.
type copied struct {
	to    string
	place int
	fact  fact.Fact
}

// furtherKeys returns the keys of the further holders of a name, each with the hashes of all generations.
func (a *Applier) furtherKeys(name string) [][]string {
	keys := make([][]string, furtherHolders)
	for i := range keys {
		keys[i] = a.opts.Vault.LocatorKeys(fmt.Sprintf("holder:%d:%s", i+1, name))
	}
	return keys
}

// keysOf returns all keys that lead from a name to its owner and to its further holders.
func (a *Applier) keysOf(name string) []string {
	return slices.Concat(append(a.furtherKeys(name), a.opts.Vault.LocatorKeys(name))...)
}

// addShared adds the names of an entry that other persons may hold as well.
func (a *Applier) addShared(e *entry, f *factv1.Fact) {
	order, ends, paid := e.fact.Kind.IsOrder(), endsContract(&e.fact), isOfPayment(&e.fact)
	if f.GetRef() != "" && (order || ends) {
		a.addSharedName(e, f.GetRef(), beginning)
	}
	if name := f.GetContract(); name != "" && (order || ends) {
		a.addSharedName(e, name, contract)
	}
	if order || paid {
		for _, name := range f.GetLinks() {
			a.addSharedName(e, name, payment)
		}
	}
	if paid && f.GetRef() != "" {
		a.addSharedName(e, f.GetRef(), payment)
	}
}

func (a *Applier) addSharedName(e *entry, name string, kind sharedKind) {
	n := shared{name: name, key: e.key(a.opts.Vault.LocatorKeys(name)), kind: kind}
	for _, keys := range a.furtherKeys(name) {
		n.further = append(n.further, e.key(keys))
		if kind == beginning {
			break // an order begins contracts of one other person at most
		}
	}
	e.shared = append(e.shared, n)
}

// isOfPayment reports whether a fact may be about a payment, and so about each order that was paid with it.
func isOfPayment(f *fact.Fact) bool {
	switch f.Kind {
	case fact.KindRefund, fact.KindHold, fact.KindRelease, fact.KindComplaint, fact.KindComplaintSettled:
		return true
	case fact.KindState:
		return f.Contract == "" && f.StateOf != f.Ref
	}
	return false
}

// concerns reports whether a fact of one holder is about the shared name itself: the end of the contract, or an
// event of the payment. The refund of one order that links the payment is about that order alone.
func (n *shared) concerns(f *fact.Fact, of []fact.Fact) bool {
	switch n.kind {
	case contract:
		return endsContract(f) && f.Contract == n.name
	case beginning:
		return endsContract(f) && f.Ref == n.name
	}
	return isOfPayment(f) && (f.Ref == n.name || slices.Contains(f.Links, n.name)) && !isOfOrder(f, of)
}

// isOfOrder reports whether the record of a fact is one of the orders of the fact's own source.
func isOfOrder(f *fact.Fact, facts []fact.Fact) bool {
	return slices.ContainsFunc(facts, func(order fact.Fact) bool {
		return order.Kind.IsOrder() && order.Source == f.Source && order.Ref == f.Ref
	})
}

// holders are the keys of all holders of a name, the owner first.
func (n *shared) holders() []string { return append([]string{n.key}, n.further...) }

// share makes the person of a placed entry a holder of the shared names, and gives each holder of a name the facts
// that others know about it.
func (g *grouping) share(place int, e *entry) {
	own := g.find(entryNode(place))
	for _, n := range e.shared {
		order := e.fact.Kind.IsOrder()
		if order == (n.kind != beginning) {
			g.hold(own, e, n)
		}
		if order {
			g.copyFromHolders(place, own, n)
		} else {
			g.copyToHolders(place, own, e, n)
		}
	}
}

// hold makes a person a holder of a shared name, unless the person is the owner or no further key is free.
func (g *grouping) hold(own string, e *entry, n shared) {
	root := g.of(n.key)
	if n.kind != contract && (root == own || g.isMoved(root, own, n.key)) || n.kind == payment && root == "" {
		return
	}
	for _, key := range n.further {
		switch g.of(key) {
		case own:
			return
		case "":
			g.join(own, key)
			e.claims = append(e.claims, key)
			return
		}
	}
}

// copyToHolders copies the fact of an entry to the other holders of a shared name.
func (g *grouping) copyToHolders(place int, own string, e *entry, n shared) {
	others := slices.DeleteFunc(n.holders(), func(key string) bool { root := g.of(key); return root == "" || root == own })
	if len(others) == 0 || !n.concerns(&e.fact, g.factsOf(own)) {
		return
	}
	for _, key := range others {
		g.copyTo(key, place, e.fact)
	}
}

// copyFromHolders copies to the person of an order what the other holders know about a shared name.
func (g *grouping) copyFromHolders(place int, own string, n shared) {
	for _, key := range n.holders() {
		root := g.of(key)
		if root == "" || root == own {
			continue
		}
		known := g.factsOf(root)
		for _, f := range known {
			if n.concerns(&f, known) {
				g.copyTo(entryNode(place), place, f)
			}
		}
	}
}

// copyTo notes a copy of a fact for a known person.
func (g *grouping) copyTo(to string, place int, f fact.Fact) {
	root := g.rootOf(to)
	noted := func(c copied) bool { return c.fact.ID == f.ID && c.place == place && g.rootOf(c.to) == root }
	if root == "" || !g.named[root] || slices.ContainsFunc(g.copies, noted) {
		return
	}
	f.Address, f.By, f.OtherAccount = "", nil, false
	g.copies = append(g.copies, copied{to, place, f})
}

// rootOf returns the root of a key or of the node of an entry; empty for an unknown key.
func (g *grouping) rootOf(to string) string {
	if to[0] == '#' {
		return g.find(to)
	}
	return g.of(to)
}

// factsOf returns the facts of a root: of its subjects, and of the placed entries.
func (g *grouping) factsOf(root string) []fact.Fact {
	var out []fact.Fact
	for _, id := range g.members(root) {
		out = append(out, g.subjects[id].Facts...)
	}
	for i := range g.placed {
		if g.find(entryNode(i)) == root {
			out = append(out, g.entries[i].fact)
		}
	}
	return out
}
