package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// accessEnd is the end of the last access in view. Contracts belong together where one order began two
// subscriptions, or a subscription was switched to another: each ends by itself, and none ends another.
func (h *Evaluation) accessEnd(v view) (time.Time, bool) {
	v.facts = slices.DeleteFunc(slices.Clone(v.facts), func(i int) bool {
		return h.facts[i].Occurred.Before(h.since(v)) || h.isOtherAccess(v, i)
	})
	contracts := h.contractsIn(v)
	if len(contracts) == 0 {
		return h.accessEndOf(v)
	}
	var last time.Time
	for _, contract := range contracts {
		end, known := h.accessEndOf(h.under(v, contract))
		if !known {
			return time.Time{}, false
		}
		last = calendar.Later(last, end)
	}
	return last, true
}

// contractsIn returns the contracts under which the facts in view give or end access.
func (h *Evaluation) contractsIn(v view) []string {
	var contracts []string
	for _, i := range v.facts {
		f := h.facts[i]
		lasting := f.Access == fact.AccessCourse || f.Access == fact.AccessSubscription
		switch {
		case f.Contract == "":
		case f.Kind == fact.KindSale && lasting, f.Kind == fact.KindAccessStarted, f.Kind == fact.KindAccessEnded:
			contracts = append(contracts, f.Contract)
		}
	}
	return unique(contracts)
}

// under limits the facts in view to those of a contract. A fact that names no contract is of every contract
// that its record has: the first order of a subscription does not name the subscription.
func (h *Evaluation) under(v view, contract string) view {
	v.facts = slices.DeleteFunc(slices.Clone(v.facts), func(i int) bool {
		if own := h.facts[i].Contract; own != "" {
			return own != contract
		}
		of := h.contractsOf.get(h.record[i])
		return len(of) > 0 && !slices.Contains(of, contract)
	})
	return v
}

// accessEndOf is the end of access under one contract: the end reported by the platform, the full refund, or
// the last of the sold days. A cancelled subscription lasts to the end of the paid period, and a subscription that its
// platform reports as running goes on after a refund. The payments of a course in instalments are sales of
// one course: the state of their subscription does not end the course.
func (h *Evaluation) accessEndOf(v view) (time.Time, bool) {
	started, _ := h.latest(v.facts, func(f *fact.Fact) bool { return f.Kind == fact.KindAccessStarted })
	_, running := h.latest(v.facts, func(f *fact.Fact) bool {
		return f.Kind == fact.KindAccessStarted && f.Access == fact.AccessSubscription
	})
	ended, known := h.latest(v.facts, func(f *fact.Fact) bool {
		return f.Kind == fact.KindAccessEnded && !f.Occurred.Before(started)
	})
	if known {
		return calendar.Later(ended, h.paidUntil(v)), true
	}
	if h.allRefunded(v) && !running {
		return h.latestFullRefund(v)
	}
	return h.soldDays(v)
}

// isOtherAccess reports whether a fact concerns access of another kind than the acts in view.
func (h *Evaluation) isOtherAccess(v view, i int) bool {
	access := h.facts[i].Access
	if h.facts[i].Kind == fact.KindAccessEnded && access == "" {
		access = h.accessUnder(h.facts[i].Contract)
	}
	if access != fact.AccessCourse && access != fact.AccessSubscription {
		return false
	}
	named := false
	for _, act := range v.acts {
		if h.facts[act].Access == access {
			return false
		}
		named = named || h.facts[act].Access != ""
	}
	return named
}

// accessUnder is the one kind of lasting access that the sales and starts of a contract name; empty where they
// name none or several.
func (h *Evaluation) accessUnder(contract string) fact.Access {
	var only fact.Access
	for _, f := range h.facts {
		lasting := f.Access == fact.AccessCourse || f.Access == fact.AccessSubscription
		if contract == "" || f.Contract != contract || !lasting ||
			f.Kind != fact.KindSale && f.Kind != fact.KindAccessStarted {
			continue
		}
		if only != "" && only != f.Access {
			return ""
		}
		only = f.Access
	}
	return only
}

func (h *Evaluation) latestFullRefund(v view) (time.Time, bool) {
	for _, i := range slices.Backward(v.facts) {
		if h.fullRefund(i) {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}

// soldDays is the last of the days of the courses in view; false while access has no known end. The days of
// a course in instalments count from the first payment.
func (h *Evaluation) soldDays(v view) (time.Time, bool) {
	var last time.Time
	var first table[string, time.Time]
	for _, i := range v.facts {
		f := h.facts[i]
		switch {
		case f.Kind != fact.KindSale && f.Kind != fact.KindAccessStarted,
			f.Access != fact.AccessCourse && f.Access != fact.AccessSubscription:
			continue
		case f.Access == fact.AccessSubscription, f.AccessDays == 0:
			return time.Time{}, false // open until a source reports the end
		}
		begin := f.Occurred
		if f.Contract != "" {
			paid := first.at(f.Contract)
			if paid.IsZero() {
				*paid = begin
			}
			begin = *paid
		}
		m, _ := after{f.AccessDays, "day", anchor("")}.reckon(
			instant(begin), h.policy.Place,
		)
		last = calendar.Later(last, m.day(h.policy.Place).Start(h.policy.Place.Zone))
	}
	return last, !last.IsZero()
}

// paidUntil is the end of the last period that was paid and not returned.
func (h *Evaluation) paidUntil(v view) time.Time {
	var until time.Time
	for _, i := range v.facts {
		f := h.facts[i]
		if f.PaidUntil != nil && !h.returned(v, h.record[i]) {
			until = calendar.Later(until, *f.PaidUntil)
		}
	}
	return until
}

// allRefunded reports whether every sale in view was refunded in full.
func (h *Evaluation) allRefunded(v view) bool {
	sales := 0
	for _, i := range v.facts {
		if h.facts[i].Kind != fact.KindSale {
			continue
		}
		if !h.returned(v, h.record[i]) {
			return false
		}
		sales++
	}
	return sales > 0
}

// areReturned reports whether the record of each act was refunded in full by one of the facts.
func (h *Evaluation) areReturned(acts, facts []int) bool {
	v := view{facts: facts}
	return !slices.ContainsFunc(acts, func(i int) bool { return !h.returned(v, h.record[i]) })
}

// returned reports whether a record in view was refunded in full.
func (h *Evaluation) returned(v view, record string) bool {
	return slices.ContainsFunc(v.facts, func(i int) bool {
		return h.record[i] == record && h.fullRefund(i)
	})
}
