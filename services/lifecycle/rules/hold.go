package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// OpenHolds returns the legal holds in force at an instant: facts of KindHold without a later release that
// ends the hold, one for each record and matter.
func OpenHolds(p *Policy, facts []fact.Fact, at time.Time) []fact.Fact {
	h := Evaluate(p, facts)
	var open []int
	for i := range h.facts {
		switch f := h.facts[i]; {
		case f.Occurred.After(at):
		case f.Kind == fact.KindRelease:
			open = slices.DeleteFunc(open, func(hold int) bool { return h.isReleasedBy(hold, i) })
		case f.Kind == fact.KindHold && !slices.ContainsFunc(open, func(hold int) bool {
			return h.record[hold] == h.record[i] && h.facts[hold].Matter == f.Matter
		}):
			open = append(open, i)
		}
	}
	out := make([]fact.Fact, 0, len(open))
	for _, i := range open {
		if n := len(out); n == 0 || out[n-1].ID != h.facts[i].ID { // a hold on several records is one
			out = append(out, *h.facts[i])
		}
	}
	return out
}

// isReleasedBy reports whether a release ends a hold of the same record, or of any record where the release
// names none. A release in a matter, such as the end of a dispute, ends the holds of the matter alone, and
// the holds without a matter that the same source reported.
func (h *Evaluation) isReleasedBy(hold, release int) bool {
	held, by := h.facts[hold], h.facts[release]
	if h.record[release] != "" && h.record[release] != h.record[hold] {
		return false
	}
	return by.Matter == "" || by.Matter == held.Matter || held.Matter == "" && held.Source == by.Source
}

// holdsOn reports whether one of the acts of a basis is a hold that none of the facts released.
func (h *Evaluation) holdsOn(acts, facts []int) bool {
	return slices.ContainsFunc(acts, func(act int) bool {
		if h.facts[act].Kind != fact.KindHold {
			return false
		}
		_, released := h.released(act, facts)
		return !released
	})
}

// released is the instant of the first release of a hold after the hold.
func (h *Evaluation) released(hold int, facts []int) (time.Time, bool) {
	for _, i := range facts {
		if i > hold && h.facts[i].Kind == fact.KindRelease && h.isReleasedBy(hold, i) {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}
