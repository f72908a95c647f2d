package rules

import (
	"math"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// names joins names into groups. The name with the lowest rank is the name of the group, and of names
// with one rank the least, so the order of joining has no effect.
type names struct {
	up   map[string]string
	rank map[string]int
	// orders are the records that share a payment, by the name of the group of the payment.
	orders map[string][]string
}

func newNames() names { return names{map[string]string{}, map[string]int{}, map[string][]string{}} }

// all returns the names of the records that have a name: one, or each order that shares the payment.
func (n names) all(name string) []string {
	root := n.find(name)
	if orders := n.orders[root]; len(orders) > 0 {
		return orders
	}
	return []string{root}
}

// find returns the name of the group, and shortens the path to it.
func (n names) find(name string) string {
	root := name
	for up, ok := n.up[root]; ok; up, ok = n.up[root] {
		root = up
	}
	for name != root {
		n.up[name], name = root, n.up[name]
	}
	return root
}

func (n names) join(a, b string) {
	a, b = n.find(a), n.find(b)
	if a == b {
		return
	}
	if ra, rb := n.rankOf(a), n.rankOf(b); rb < ra || rb == ra && b < a {
		a, b = b, a
	}
	n.up[b] = a
}

func (n names) rankOf(name string) int {
	if rank, ok := n.rank[name]; ok {
		return rank
	}
	return math.MaxInt
}

func (n names) prefer(name string, rank int) {
	if old, ok := n.rank[name]; name != "" && (!ok || rank < old) {
		n.rank[name] = rank
	}
}

// nameRecords groups the names of records. A record goes by its first name: the one of its first order or
// sale, or else of its first fact with personal data, or else the first name that any fact gives. Linked
// names come last. A payment that several orders share joins none of them: see sharedPayments.
func nameRecords(facts []fact.Fact) names {
	n := newNames()
	for i := range facts {
		f := &facts[i]
		n.prefer(f.Ref, i+nameClass(f.Kind)*len(facts))
		for _, link := range f.Links {
			n.prefer(link, i+linkClass*len(facts))
		}
	}
	shared := sharedPayments(facts)
	var payments []pair
	for i := range facts {
		for _, link := range facts[i].Links {
			switch of := (pair{facts[i].Ref, link}); {
			case of.name == "":
			case len(shared[link]) > 0:
				payments = append(payments, of)
			default:
				n.join(of.name, link)
			}
		}
	}
	n.joinPayments(shared, payments)
	return n
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

// RecordNames returns the function from every name of a record to the name of the record, as an evaluation
// of the facts names the record.
func RecordNames(p *Policy, facts []fact.Fact) func(name string) string {
	return nameRecords(p.acts(facts)).find
}
