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

// anchors finds the instants that a rule's period is counted from, as far as in view. The result is valid until
// the next call.
func (h *Evaluation) anchors(v view) anchors {
	h.seen = v
	return h
}

// anchored finds the instant of an anchor, as far as in view.
func (h *Evaluation) anchored(name string) (time.Time, bool) {
	v := h.seen
	switch name {
	case AnchorAct:
		return h.facts[v.acts[len(v.acts)-1]].Occurred, true
	case AnchorPerformance:
		return h.performance(v)
	case AnchorAccessEnd:
		return h.accessEnd(v)
	case AnchorSupplyEnd:
		return h.supplyEnd(v), true
	case AnchorEvent:
		return h.event(v)
	case AnchorConsentEnd:
		return h.consentEnd(v)
	case AnchorLastState:
		return h.lastState(v), true
	}
	kind := fact.Kind(name)
	if t, ok := h.latest(v.acts, func(f *fact.Fact) bool { return f.Kind == kind }); ok {
		return t, true
	}
	if kind == fact.KindOrderExpired {
		if !h.ordersEnded {
			return time.Time{}, false
		}
		if records := h.recordsRaising(v); len(records) > 0 {
			return h.ordersEnd(v, records)
		}
	}
	// An anchor other than the raising facts counts from the beginning of the basis.
	since := h.since(v)
	return h.latest(v.facts, func(f *fact.Fact) bool { return f.Kind == kind && !f.Occurred.Before(since) })
}

// lastState is the latest state of the thing with which an act in view was reported: an order that its shop
// still reports as open is open. An act without a state counts from its instant.
func (h *Evaluation) lastState(v view) time.Time {
	return h.latestAct(v, func(f *fact.Fact) *time.Time { return f.AsOf })
}

// supplyEnd is the end of what the acts in view pay for: the end of the latest paid period, or the latest act.
func (h *Evaluation) supplyEnd(v view) time.Time {
	return h.latestAct(v, func(f *fact.Fact) *time.Time { return f.PaidUntil })
}

// latestAct is the latest instant of the acts in view, or the latest instant that an act states besides.
func (h *Evaluation) latestAct(v view, stated func(*fact.Fact) *time.Time) time.Time {
	var last time.Time
	for _, i := range v.acts {
		last = calendar.Later(last, h.facts[i].Occurred)
		if at := stated(h.facts[i]); at != nil {
			last = calendar.Later(last, *at)
		}
	}
	return last
}

// event is the latest date of an event that an act in view states; false while no act states one.
func (h *Evaluation) event(v view) (last time.Time, known bool) {
	for _, i := range v.acts {
		if at := h.facts[i].EventAt; at != nil {
			last, known = calendar.Later(last, *at), true
		}
	}
	return last, known
}

func (h *Evaluation) latest(facts []int, is func(*fact.Fact) bool) (time.Time, bool) {
	for _, i := range slices.Backward(facts) {
		if is(h.facts[i]) {
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
	f := h.facts[sale]
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
