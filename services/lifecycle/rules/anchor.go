package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// view is the knowledge about a basis at one point of the history: the raising acts, and the facts
// of the group up to that point. Facts after the end of a basis cannot move the end.
type view struct {
	acts, facts []int
	// next is the index of the first fact that is not seen yet.
	next int
}

// since is when the basis began.
func (h *Evaluation) since(v view) time.Time { return h.facts[v.acts[0]].Occurred }

// anchors finds the instants that a rule's period is counted from.
func (h *Evaluation) anchors(v view) anchors {
	return func(name string) (time.Time, bool) {
		switch name {
		case AnchorAct:
			return h.latest(v.acts, func(*fact.Fact) bool { return true })
		case AnchorPerformance:
			return h.performance(v)
		case AnchorAccessEnd:
			return h.accessEnd(v)
		case AnchorConsentEnd:
			return h.consentEnd(v)
		}
		of := func(f *fact.Fact) bool { return f.Kind == fact.Kind(name) }
		if t, ok := h.latest(v.acts, of); ok {
			return t, true
		}
		// An anchor other than the raising facts counts from the beginning of the basis.
		since := h.since(v)
		return h.latest(v.facts, func(f *fact.Fact) bool { return of(f) && !f.Occurred.Before(since) })
	}
}

func (h *Evaluation) latest(facts []int, is func(*fact.Fact) bool) (time.Time, bool) {
	for _, i := range slices.Backward(facts) {
		if is(&h.facts[i]) {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}

// performance is the instant of the last delivery or performance of the sales since the basis
// began.
func (h *Evaluation) performance(v view) (time.Time, bool) {
	since := h.since(v)
	last, known := h.latest(
		v.facts,
		func(f *fact.Fact) bool { return f.Kind == fact.KindPerformed && !f.Occurred.Before(since) },
	)
	for _, i := range v.facts {
		if h.facts[i].Kind != fact.KindSale || h.facts[i].Occurred.Before(since) {
			continue
		}
		done, ok := h.performed(v, i)
		if !ok {
			return time.Time{}, false
		}
		last, known = calendar.Later(last, done), true
	}
	return last, known
}

// performed is the instant of the performance of a sale. A service, and a sale whose source reports
// the delivery, is performed at the report; any other sale at once. A full refund ends the duty to
// perform, and restarts no period of a performance before. A delivery before the payment counts from the
// sale.
func (h *Evaluation) performed(v view, sale int) (time.Time, bool) {
	f := &h.facts[sale]
	before, refund := false, -1
	for _, i := range slices.Backward(v.facts) {
		if h.record[i] != h.record[sale] {
			continue
		}
		performed := h.facts[i].Kind == fact.KindPerformed
		switch {
		case performed && i > sale:
			return h.facts[i].Occurred, true
		case !performed && !h.fullRefund(i):
		case i > sale:
			refund = max(refund, i)
		default:
			before = true
		}
	}
	if refund >= 0 {
		return h.facts[refund].Occurred, true
	}
	return f.Occurred, before || !f.PerformanceAwaited && f.Access != fact.AccessService
}

// accessEnd is the end of access: the end reported by the platform, the full refund, or the last of
// the sold days. A cancelled subscription lasts to the end of the paid period, and a subscription that its
// platform reports as running goes on after a refund. The payments of a course in instalments are sales of
// one course: the state of their subscription does not end the course.
func (h *Evaluation) accessEnd(v view) (time.Time, bool) {
	v.facts = slices.DeleteFunc(slices.Clone(v.facts), func(i int) bool {
		return h.facts[i].Occurred.Before(h.since(v)) || h.isOtherAccess(v, i)
	})
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
	first := map[string]time.Time{}
	for _, i := range v.facts {
		f := &h.facts[i]
		switch {
		case f.Kind != fact.KindSale && f.Kind != fact.KindAccessStarted,
			f.Access != fact.AccessCourse && f.Access != fact.AccessSubscription:
			continue
		case f.Access == fact.AccessSubscription, f.AccessDays == 0:
			return time.Time{}, false // open until a source reports the end
		}
		begin, paid := first[f.Contract]
		if !paid || f.Contract == "" {
			begin = f.Occurred
			first[f.Contract] = begin
		}
		m, _ := after{f.AccessDays, "day", anchor("")}.reckon(
			func(string) (time.Time, bool) { return begin, true }, h.policy.Place,
		)
		last = calendar.Later(last, m.date.Start(h.policy.Place.Zone))
	}
	return last, !last.IsZero()
}

// paidUntil is the end of the last period that was paid and not returned.
func (h *Evaluation) paidUntil(v view) time.Time {
	var until time.Time
	for _, i := range v.facts {
		f := &h.facts[i]
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

// returned reports whether a record in view was refunded in full.
func (h *Evaluation) returned(v view, record string) bool {
	return slices.ContainsFunc(v.facts, func(i int) bool {
		return h.record[i] == record && h.fullRefund(i)
	})
}
