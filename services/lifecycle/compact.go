package lifecycle

import (
	"slices"
	"time"
)

// compact drops the facts of contracts without a basis, and in the end the acts of the person as a
// whole. Facts stay for the intake period after their receipt, so that related facts may arrive in
// any order. Dropped facts leave tombstones.
func (s *Subject) compact(h *history, at time.Time) {
	alive := h.aliveFacts(at)
	var gone []Fact
	s.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f Fact) bool {
		if f.Kind == KindIdentified && f.Ref+f.Contract == "" && len(f.Links)+len(f.Traits) == 0 {
			return true // an identification raises no basis
		}
		drop := !f.Received.AddDate(0, 0, h.policy.IntakeDays).After(at) && !alive[f.ID]
		if drop && f.Kind.addsData() && f.Kind != KindIdentified {
			gone = append(gone, f)
		}
		return drop
	})
	s.addTombstones(gone, at)
}

// aliveFacts returns the ids of the facts that a basis needs now or later: all facts of a contract
// with a basis, or with an item that a hold prolongs, and the acts of the person as a whole while
// any basis is in force.
func (h *history) aliveFacts(at time.Time) map[string]bool {
	byID := map[string][]int{}
	for i := range h.facts {
		byID[h.facts[i].ID] = append(byID[h.facts[i].ID], i)
	}
	groups := map[string]bool{}
	prolonged := map[Item]bool{}
	rests := func(b *Basis) {
		for _, id := range b.Facts {
			for _, j := range byID[id] {
				groups[h.groupOf(j)] = true
			}
		}
	}
	for i := range h.all {
		b := &h.all[i]
		if b.Until != nil && !b.Until.After(at) {
			continue
		}
		rests(b)
		if r := h.policy.rule(b.Rule); r != nil && r.Prolongs {
			for _, item := range b.Keeps {
				prolonged[item] = true
			}
		}
	}
	for i := range h.all {
		if slices.ContainsFunc(h.all[i].Keeps, func(item Item) bool { return prolonged[item] }) {
			rests(&h.all[i])
		}
	}
	out := map[string]bool{}
	for i := range h.facts {
		group := h.groupOf(i)
		if groups[group] || group == "" && len(groups) > 0 {
			out[h.facts[i].ID] = true
		}
	}
	return out
}

// groupOf names the unit in which a fact is retained and dropped: its contract, or the person.
func (h *history) groupOf(i int) string {
	if h.facts[i].Kind.aboutPerson() {
		return ""
	}
	return h.contract[i]
}
