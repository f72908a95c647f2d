package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// pair is a name of a record with a linked name.
type pair struct{ name, link string }

// kindOfOrder is a source and the form of the names of its orders.
type kindOfOrder struct{ source, form string }

// sharedPayments returns, by the names of payments that several orders of one source and form only link, the
// names of the orders: one payment for an order that was split, for example. Each of the orders stays a
// record. What is reported of the payment alone, such as its refund or a dispute, is about each of them.
func (n *names) sharedPayments(facts []*fact.Fact) map[string][]string {
	for _, f := range facts {
		if f.Kind.IsOrder() {
			*n.orders.at(f.Ref) = true
		}
	}
	if len(n.orders.keys) < 2 {
		return nil
	}
	n.namePayments(facts)
	if !n.areShared(facts) {
		return nil
	}
	by := map[string]map[kindOfOrder][]string{}
	n.eachPayment(facts, func(f *fact.Fact, payment string) bool {
		kind := kindOfOrder{f.Source, formOf(f.Ref)}
		if by[payment] == nil {
			by[payment] = map[kindOfOrder][]string{}
		}
		if !slices.Contains(by[payment][kind], f.Ref) {
			by[payment][kind] = append(by[payment][kind], f.Ref)
		}
		return true
	})
	return n.sharedLinks(facts, by)
}

// nameSet is a set of names.
type nameSet = table[string, bool]

// eachPayment visits the payments that orders link, until the visitor returns false.
func (n *names) eachPayment(facts []*fact.Fact, visit func(f *fact.Fact, payment string) bool) {
	for _, f := range facts {
		if !f.Kind.IsOrder() || f.Ref == "" {
			continue
		}
		for _, link := range f.Links {
			if !n.orders.get(link) && !visit(f, n.payments.find(link)) {
				return
			}
		}
	}
}

// areShared reports whether two orders link one payment, of whatever kinds they are.
func (n *names) areShared(facts []*fact.Fact) bool {
	shared := false
	n.eachPayment(facts, func(f *fact.Fact, payment string) bool {
		order := n.payers.at(payment)
		shared = *order != "" && *order != f.Ref
		*order = f.Ref
		return !shared
	})
	return shared
}

// namePayments groups the names that the reports of payments give: of facts that are about no order.
func (n *names) namePayments(facts []*fact.Fact) {
	if n.payments == nil {
		n.payments = &names{}
	}
	*n.payments = n.payments.emptied(0)
	for _, f := range facts {
		if len(f.Links) == 0 || f.Ref == "" || n.orders.get(f.Ref) {
			continue
		}
		for _, link := range f.Links {
			if !n.orders.get(link) {
				n.payments.join(f.Ref, link)
			}
		}
	}
}

// sharedLinks returns the linked names of the payments that more than one order of a kind has.
func (n *names) sharedLinks(facts []*fact.Fact, by map[string]map[kindOfOrder][]string) map[string][]string {
	out := map[string][]string{}
	for i := range facts {
		for _, link := range facts[i].Links {
			if n.orders.get(link) || out[link] != nil {
				continue
			}
			for _, together := range by[n.payments.find(link)] {
				if len(together) > 1 {
					out[link] = append(out[link], together...)
				}
			}
		}
	}
	return out
}

// formOf is the part of the name of an order that its siblings have as well, such as "woocommerce:order".
func formOf(name string) string {
	if n := strings.IndexAny(name, "_/0123456789"); n >= 0 {
		return name[:n]
	}
	return name
}

// joinPayments joins the names of shared payments with one another and notes their orders. Orders that another
// fact states to be one record are one, and the payment is theirs.
func (n *names) joinPayments(shared map[string][]string, payments []pair) {
	for _, p := range payments {
		if !slices.Contains(n.records(shared[p.link]), n.find(p.name)) {
			n.join(p.name, p.link)
		}
	}
	if len(shared) == 0 {
		return
	}
	n.sharing = map[string][]string{}
	links := slices.Sorted(maps.Keys(shared))
	for _, link := range links {
		if orders := n.records(shared[link]); len(orders) == 1 {
			n.join(orders[0], link)
		}
	}
	for _, link := range links {
		root, orders := n.find(link), n.records(shared[link])
		// A payment that a fact states to be of one of the orders is of that order alone.
		if len(orders) > 1 && !slices.Contains(orders, root) {
			n.sharing[root] = slices.Compact(slices.Sorted(slices.Values(append(n.sharing[root], orders...))))
		}
	}
}

// records returns the records of names, each once.
func (n *names) records(of []string) []string {
	var out []string
	for _, name := range of {
		if record := n.find(name); !slices.Contains(out, record) {
			out = append(out, record)
		}
	}
	return out
}

// spread returns the facts with the records that they are about. A fact about a payment that several orders
// share is repeated for each of them.
func (h *Evaluation) spread(facts []*fact.Fact) {
	if len(h.records.sharing) == 0 { // as usual: every fact is about one record at most
		h.facts = facts
		for _, f := range facts {
			record := ""
			if f.Ref != "" {
				record = h.records.find(f.Ref)
			}
			h.record = append(h.record, record)
		}
		return
	}
	h.facts = make([]*fact.Fact, 0, len(facts))
	for i := range facts {
		f := facts[i]
		records := []string{""}
		if f.Ref != "" {
			records = h.records.all(f.Ref)
		}
		if f.Kind.IsAboutPerson() {
			records = records[:1]
		}
		for _, record := range records {
			h.facts, h.record = append(h.facts, f), append(h.record, record)
		}
	}
}

// RecordsNamed returns the names of the records that have a name: more than one for a payment that several
// orders share. An unknown name is its own record.
func (h *Evaluation) RecordsNamed(name string) []string { return h.records.all(name) }

// NamesOf returns the further names of the record of an item. The name of a payment that is shared is among
// them only when no other order of the payment may hold the same category.
func (h *Evaluation) NamesOf(item Item, held []Holding) []string {
	names := h.OtherNames(item.Ref)
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(h.records.all(name), func(order string) bool {
			n, ok := FindHolding(held, Item{Category: item.Category, Ref: order})
			return order != item.Ref && ok && held[n].InForce
		})
	})
}
