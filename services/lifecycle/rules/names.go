package rules

import (
	"math"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// names joins names into groups. The name with the lowest rank is the name of the group, and of names
// with one rank the least, so the order of joining has no effect.
type names struct {
	known table[string, naming]
	// sharing are the records that share a payment, by the name of the group of the payment.
	sharing map[string][]string
	// orders are the names of orders, payments the names of payments, and payers the last order that links each.
	orders   nameSet
	payments *names
	payers   table[string, string]
}

// naming is the place of a name in its group.
type naming struct {
	// up is the place of another name of the group; for the name of the group its own place.
	up   int
	rank int
}

// all returns the names of the records that have a name: one, or each order that shares the payment.
func (n *names) all(name string) []string {
	root := n.find(name)
	if orders := n.sharing[root]; len(orders) > 0 {
		return orders
	}
	return []string{root}
}

// find returns the name of the group.
func (n *names) find(name string) string {
	place := n.known.place(name)
	if place < 0 {
		return name
	}
	return n.known.keys[n.root(place)]
}

// root returns the place of the name of a group, and shortens the path to it.
func (n *names) root(place int) int {
	all := n.known.values
	for all[place].up != place {
		all[place].up = all[all[place].up].up
		place = all[place].up
	}
	return place
}

// placeOf returns the place of a name, and adds the name if necessary.
func (n *names) placeOf(name string) int {
	if place := n.known.place(name); place >= 0 {
		return place
	}
	return n.known.add(name, naming{up: len(n.known.keys), rank: math.MaxInt})
}

func (n *names) join(a, b string) {
	i, j := n.root(n.placeOf(a)), n.root(n.placeOf(b))
	if i == j {
		return
	}
	all := n.known.values
	if ri, rj := all[i].rank, all[j].rank; rj < ri || rj == ri && n.known.keys[j] < n.known.keys[i] {
		i, j = j, i
	}
	all[j].up = i
}

func (n *names) prefer(name string, rank int) {
	if name != "" {
		known := &n.known.values[n.placeOf(name)]
		known.rank = min(known.rank, rank)
	}
}

// read groups the names of records. A record goes by its first name: the one of its first order or
// sale, or else of its first fact with personal data, or else the first name that any fact gives. Linked
// names come last. A payment that several orders share joins none of them: see sharedPayments.
func (n *names) read(facts []*fact.Fact) {
	for i, f := range facts {
		n.prefer(f.Ref, i+nameClass(f.Kind)*len(facts))
		for _, link := range f.Links {
			n.prefer(link, i+linkClass*len(facts))
		}
	}
	shared := n.sharedPayments(facts)
	var payments []pair
	for _, f := range facts {
		for _, link := range f.Links {
			switch {
			case f.Ref == "":
			case len(shared[link]) > 0:
				payments = append(payments, pair{f.Ref, link})
			default:
				n.join(f.Ref, link)
			}
		}
	}
	n.joinPayments(shared, payments)
}

// linkClass is the class of a name that is only linked: see nameClass.
const linkClass = 3

// nameClass ranks kinds of facts by the fitness of their names for the record.
func nameClass(k fact.Kind) int {
	switch {
	case k.IsOrder():
		return 0
	case k.AddsData():
		return 1
	}
	return 2
}

// WithRecordNames calls a function with that of RecordNames, which is valid during the call.
func WithRecordNames(p *Policy, facts []fact.Fact, use func(named func(name string) string)) {
	h := newEvaluation(p, len(facts))
	h.facts = p.acts(h.facts, facts)
	h.records.read(h.facts)
	use(h.records.find)
	h.Release()
}

// RecordNames returns the function from every name of a record to the name of the record, as an evaluation
// of the facts names the record.
func RecordNames(p *Policy, facts []fact.Fact) func(name string) string {
	n := &names{}
	n.read(p.acts(nil, facts))
	return n.find
}
