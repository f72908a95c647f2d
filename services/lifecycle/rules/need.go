package rules

import (
	"slices"
	"time"
)

// NeededFacts returns the ids of the facts that a basis needs now or later: all facts of a contract
// with a basis, or with an item that a hold prolongs, and the acts of the person as a whole while
// any basis is in force. Superseded observations of an active subscriber are not needed.
func (h *Evaluation) NeededFacts(at time.Time) map[string]bool {
	byID := map[string][]int{}
	for i := range h.facts {
		byID[h.facts[i].ID] = append(byID[h.facts[i].ID], i)
	}
	groups := map[string]bool{}
	prolonged := map[Item]bool{}
	out := map[string]bool{}
	rests := func(b *Basis) {
		for _, id := range b.Facts {
			if len(byID[id]) == 0 {
				out[id] = true // a void fact, which belongs to no group
			}
			for _, j := range byID[id] {
				groups[h.groupOf(j)] = true
			}
		}
	}
	for i := range h.bases {
		b := &h.bases[i]
		if b.Until != nil && !b.Until.After(at) {
			continue
		}
		rests(b)
		if r := h.policy.Rule(b.Rule); r != nil && r.Prolongs {
			for _, item := range b.Keeps {
				prolonged[item] = true
			}
		}
	}
	for i := range h.bases {
		if slices.ContainsFunc(h.bases[i].Keeps, func(item Item) bool { return prolonged[item] }) {
			rests(&h.bases[i])
		}
	}
	superseded := h.supersededListings()
	for i := range h.facts {
		group := h.groupOf(i)
		if superseded[h.facts[i].ID] {
			continue
		}
		if groups[group] || group == "" && len(groups) > 0 {
			out[h.facts[i].ID] = true
		}
	}
	return out
}

// groupOf names the unit in which a fact is retained and dropped: its contract, or the person.
func (h *Evaluation) groupOf(i int) string {
	if h.facts[i].Kind.IsAboutPerson() {
		return ""
	}
	return h.contract[i]
}
