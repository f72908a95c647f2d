package rules

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// UnfinishedDays is how long after the sale a performance may be outstanding before a person is asked to
// look at the record.
const UnfinishedDays = 180

// Unfinished is a paid record without a reported performance. Its contract has no end: the data stay until
// somebody completes or cancels the order in the shop.
type Unfinished struct {
	// Record is the name of the record, Source the source of the sale, Sold the instant of the sale.
	Record string
	Source string
	Sold   time.Time
}

// Due is the first instant at which a person is asked to look at the record.
func (u *Unfinished) Due() time.Time { return u.Sold.AddDate(0, 0, UnfinishedDays) }

// Unfinished returns the sales whose performance is outstanding, in the order of the sales, one for each
// record.
func (h *Evaluation) Unfinished() []Unfinished {
	var out []Unfinished
	seen := nameSet{}
	for i, f := range h.facts {
		if f.Kind != fact.KindSale || !f.PerformanceAwaited || seen.get(h.record[i]) {
			continue
		}
		if _, done := h.performed(view{facts: h.factsBeside(i)}, i); !done && !h.calledOff(i) {
			*seen.at(h.record[i]) = true
			out = append(out, Unfinished{Record: h.record[i], Source: f.Source, Sold: f.Occurred})
		}
	}
	return out
}

// factsBeside returns the facts of the record of a fact; all facts where it has none.
func (h *Evaluation) factsBeside(i int) []int {
	if record := h.record[i]; record != "" {
		return h.factsOfRecord(record)
	}
	all := make([]int, len(h.facts))
	for j := range all {
		all[j] = j
	}
	return all
}
