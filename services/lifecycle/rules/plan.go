package rules

import (
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// readPlans reads plans of payments as what they are: the instalments of one price are no periodic performance (Kodeks
// cywilny art. 118). A payment platform reports a course in instalments as a subscription. Where the order of such a
// payment is a sale of courses alone, each payment under the contract is a sale of the course, and the end of the
// contract ends no course.
func (h *Evaluation) readPlans() {
	plans := h.plans()
	if len(plans) == 0 {
		return
	}
	for i, f := range h.facts {
		days, planned := plans[f.Contract]
		if f.Contract == "" || !planned {
			continue
		}
		part := *f
		switch {
		case f.Kind == fact.KindSale && f.Access == fact.AccessSubscription:
			part.Access, part.AccessDays, part.PaidUntil = fact.AccessCourse, days, nil
		case (f.Kind == fact.KindAccessStarted || f.Kind == fact.KindAccessEnded) && f.Access == "":
			part.Access = fact.AccessSubscription
		default:
			continue
		}
		h.facts[i] = &part
	}
}

// plans returns the contracts that are plans of payments, with the days of access to their courses.
func (h *Evaluation) plans() map[string]int {
	var subscribed map[string]bool // the names of sales of subscriptions; most persons have none
	for _, f := range h.facts {
		if f.Kind != fact.KindSale || f.Access != fact.AccessSubscription {
			continue
		}
		if subscribed == nil {
			subscribed = map[string]bool{}
		}
		subscribed[f.Ref] = true
	}
	if len(subscribed) == 0 {
		return nil
	}
	courses := map[string]int{} // the days of the courses of each record; 0 without an end
	for i, f := range h.facts {
		if f.Kind != fact.KindSale || f.Access != fact.AccessCourse || f.Contract != "" || subscribed[f.Ref] {
			continue
		}
		days, known := courses[h.record[i]]
		if !known || days > 0 && (f.AccessDays == 0 || f.AccessDays > days) {
			courses[h.record[i]] = f.AccessDays
		}
	}
	plans := map[string]int{}
	for i, f := range h.facts {
		days, known := courses[h.record[i]]
		if f.Kind == fact.KindSale && f.Access == fact.AccessSubscription && f.Contract != "" && known {
			before, planned := plans[f.Contract]
			if !planned || before > 0 && (days == 0 || days > before) {
				plans[f.Contract] = days
			}
		}
	}
	return plans
}
