package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// OpenHolds returns the legal holds in force at an instant: facts of KindHold without a later
// release of the same record, or of everything.
func OpenHolds(p *Policy, facts []fact.Fact, at time.Time) []fact.Fact {
	h := Evaluate(p, facts)
	var open []fact.Fact
	var records []string // of open, in the same places
	for i := range h.facts {
		f, record := h.facts[i], h.record[i]
		n := slices.Index(records, record)
		switch {
		case f.Occurred.After(at):
		case f.Kind == fact.KindHold && n < 0:
			open, records = append(open, f), append(records, record)
		case f.Kind == fact.KindRelease && record == "":
			open, records = nil, nil
		case f.Kind == fact.KindRelease && n >= 0:
			open, records = slices.Delete(open, n, n+1), slices.Delete(records, n, n+1)
		}
	}
	return open
}
