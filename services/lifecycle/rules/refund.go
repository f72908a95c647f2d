package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// fullRefund reports whether a fact is a refund of the whole price of its record. A payment platform
// reports the full refund of one payment: where the sale names another payment that was not returned, such
// as an order that was charged twice, the price stays paid.
func (h *Evaluation) fullRefund(i int) bool { return h.full[i] }

// findFullRefunds returns the full refunds among the facts, by index. The result is computed once, because
// every rule asks for every fact.
func (h *Evaluation) findFullRefunds() {
	var open table[string, []string] // the payments of a record that were not returned
	for i, f := range h.facts {
		h.ordersEnded = h.ordersEnded || f.Kind == fact.KindRefund || f.Kind == fact.KindOrderExpired
		if f.Kind != fact.KindRefund || !f.Full {
			h.full = append(h.full, false)
			continue
		}
		record := h.record[i]
		if open.place(record) < 0 {
			open.add(record, h.openPayments(record))
		}
		isOther := func(name string) bool { return isOfAnotherPayment(name, f) }
		h.full = append(h.full, !slices.ContainsFunc(open.get(record), isOther))
	}
}

// openPayments returns the payments that the sales of a record name and that were not returned in full.
func (h *Evaluation) openPayments(record string) []string {
	var names []string
	var returned nameSet
	for _, i := range h.factsOfRecord(record) {
		switch f := h.facts[i]; {
		case f.Kind == fact.KindSale:
			names = append(names, f.Links...)
		case f.Kind == fact.KindRefund && f.Full:
			*returned.at(f.Ref) = true
			for _, name := range f.Links {
				*returned.at(name) = true
			}
		}
	}
	return slices.DeleteFunc(unique(names), returned.get)
}

// isOfAnotherPayment reports whether a name is that of a payment beside the one that a refund returns. A refund
// names its payment by several names, such as the charge and the payment intent.
func isOfAnotherPayment(name string, refund *fact.Fact) bool {
	if name == refund.Ref || slices.Contains(refund.Links, name) {
		return false
	}
	return isSibling(name, refund.Ref) ||
		slices.ContainsFunc(refund.Links, func(link string) bool { return isSibling(name, link) })
}

// isSibling reports whether two names are different and of one form, such as two charges of one platform:
// "stripe:ch_1" and "stripe:ch_2".
func isSibling(a, b string) bool {
	n := strings.IndexByte(a, '_')
	return n > 0 && a != b && strings.HasPrefix(b, a[:n+1])
}

// refunded reports whether the record was refunded in full.
func (h *Evaluation) refunded(record string) bool {
	return slices.ContainsFunc(h.factsOfRecord(record), h.fullRefund)
}

// calledOff reports whether an order was cancelled or failed after its sale.
func (h *Evaluation) calledOff(sale int) bool {
	return slices.ContainsFunc(h.factsOfRecord(h.record[sale]), func(i int) bool {
		return i > sale && h.facts[i].Kind == fact.KindOrderExpired
	})
}

// recordsRaising returns the records of the raising acts in view, until the next call.
func (h *Evaluation) recordsRaising(v view) []string {
	out := h.refs[:0]
	for _, i := range v.acts {
		if h.record[i] != "" && !h.facts[i].Kind.IsAboutPerson() {
			out = append(out, h.record[i])
		}
	}
	h.refs = out
	return unique(out)
}

// ordersEnd is when the last of the records expired; false while one of them stands. A record that was
// refunded in full stands no longer: a payment of a course in instalments that was cancelled ends no course.
func (h *Evaluation) ordersEnd(v view, records []string) (last time.Time, known bool) {
	for _, record := range records {
		ended, expired := h.latestOf(v, record, func(i int) bool { return h.facts[i].Kind == fact.KindOrderExpired })
		if !expired {
			back, refunded := h.latestOf(v, record, h.fullRefund)
			if !refunded {
				return time.Time{}, false
			}
			ended = back
		}
		last, known = calendar.Later(last, ended), known || expired
	}
	return last, known
}

// latestOf is the instant of the last fact of a record in view that passes, since the beginning of the basis.
func (h *Evaluation) latestOf(v view, record string, pass func(int) bool) (time.Time, bool) {
	for _, i := range slices.Backward(v.facts) {
		if h.record[i] == record && pass(i) && !h.facts[i].Occurred.Before(h.since(v)) {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}
