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
	seen := map[string]bool{}
	all := view{facts: make([]int, len(h.facts))}
	for i := range h.facts {
		all.facts[i] = i
	}
	for i := range h.facts {
		f := h.facts[i]
		if f.Kind != fact.KindSale || !f.PerformanceAwaited || seen[h.record[i]] {
			continue
		}
		if _, done := h.performed(all, i); !done && !h.calledOff(i) {
			seen[h.record[i]] = true
			out = append(out, Unfinished{Record: h.record[i], Source: f.Source, Sold: f.Occurred})
		}
	}
	return out
}
