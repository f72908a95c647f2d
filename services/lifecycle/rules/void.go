package rules

import (
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

func voidFacts(facts []fact.Fact) []fact.Fact {
	var out []fact.Fact
	for i := range facts {
		if facts[i].Void != nil {
			out = append(out, facts[i])
		}
	}
	return out
}

// voidBases returns the bases that void facts raised before they were void: data may have been collected
// on such a basis, and the basis ends when the fact was void at the latest. A void fact has no effect on
// other facts: a refund that failed ends nothing.
func (h *Evaluation) voidBases() []Basis {
	var out []Basis
	for i := range h.void {
		f := h.void[i]
		void := *f.Void
		f.Void = nil
		for _, b := range Evaluate(h.policy, []fact.Fact{f}).bases {
			if h.policy.Rule(b.Rule).Prolongs {
				continue // a void hold prolongs nothing
			}
			if end := calendar.Later(void, b.Since); b.Until == nil || b.Until.After(end) {
				b.Until = &end
			}
			if b.Ref != "" {
				b.Ref = h.records.all(b.Ref)[0]
			}
			var keeps []Item
			for _, item := range b.Keeps {
				if item.Ref == "" {
					keeps = append(keeps, item)
					continue
				}
				for _, record := range h.records.all(item.Ref) {
					keeps = append(keeps, Item{Category: item.Category, Ref: record})
				}
			}
			b.Keeps = keeps
			out = append(out, b)
		}
	}
	return out
}
