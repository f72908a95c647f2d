package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// NeededFacts returns the facts that a basis needs now or later: all facts of a contract
// with a basis, or with an item that a hold prolongs, and the acts of the person as a whole while
// any basis is in force. Superseded observations of an active subscriber are not needed. The result is valid until
// the next call.
func (h *Evaluation) NeededFacts(at time.Time) *Needed {
	n := h.emptyNeeded()
	for i, f := range h.facts {
		of := n.byID.at(f.ID)
		*of = h.numbers.add(*of, i)
	}
	var prolonged map[Item]bool
	if h.prolonged {
		prolonged = map[Item]bool{}
	}
	for i := range h.bases {
		b := &h.bases[i]
		if b.Until != nil && !b.Until.After(at) {
			continue
		}
		n.rests(b)
		if h.prolonged && h.policy.prolongs(b.Rule) {
			for _, item := range b.Keeps {
				prolonged[item] = true
			}
		}
	}
	if len(prolonged) > 0 {
		for i := range h.bases {
			if slices.ContainsFunc(h.bases[i].Keeps, func(item Item) bool { return prolonged[item] }) {
				n.rests(&h.bases[i])
			}
		}
	}
	n.superseded = h.supersededListings()
	return n
}

// emptyNeeded returns the memory of NeededFacts, emptied.
func (h *Evaluation) emptyNeeded() *Needed {
	if h.needed == nil {
		h.needed = &Needed{}
	}
	n := h.needed
	*n = Needed{Evaluation: h, byID: n.byID.emptied(len(h.facts)), contracts: n.contracts[:0], void: n.void[:0]}
	for range h.contractUnits().names.keys {
		n.contracts = append(n.contracts, false)
	}
	return n
}

// Needed are the facts that a basis needs now or later.
type Needed struct {
	*Evaluation
	byID table[string, []int]
	// contracts reports for each contract whether a basis rests on it; any is true with any basis.
	contracts []bool
	any       bool
	// void are the ids of needed facts that belong to no contract, superseded those of facts without an effect.
	void       []string
	superseded map[string]bool
}

// rests notes that the contracts of a basis are needed.
func (n *Needed) rests(b *Basis) {
	for _, id := range b.Facts {
		of := n.byID.get(id)
		if len(of) == 0 {
			n.void = append(n.void, id)
		}
		for _, i := range of {
			n.any = true
			if !n.facts[i].Kind.IsAboutPerson() {
				n.contracts[n.contractUnits().of[i]] = true
			}
		}
	}
}

// Has reports whether a basis needs the fact with an id.
func (n *Needed) Has(id string) bool {
	if slices.Contains(n.void, id) {
		return true
	}
	return !n.superseded[id] && slices.ContainsFunc(n.byID.get(id), n.isNeeded)
}

// isNeeded reports whether the unit in which a fact is retained and dropped is needed: its contract, or the person.
func (n *Needed) isNeeded(i int) bool {
	switch f := n.facts[i]; {
	case f.Kind.IsAboutPerson(),
		n.contract[i] == "",
		f.Kind == fact.KindRequestVerified,
		f.Kind == fact.KindRequestDecided:
		return n.any // the steps of a request decide on its effect for as long as the request has one
	case f.Kind == fact.KindRequestAnswered && f.Outcome == fact.OutcomeMistaken:
		return n.any // without the fact the request would have its effect again
	}
	return n.contracts[n.contractUnits().of[i]]
}
