package rules

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// fullRefund reports whether a fact is a refund of the whole price of its record. A payment platform
// reports the full refund of one payment: where the sale names another payment that was not returned, such
// as an order that was charged twice, the price stays paid.
func (h *Evaluation) fullRefund(i int) bool {
	f := &h.facts[i]
	if f.Kind != fact.KindRefund || !f.Full {
		return false
	}
	return !slices.ContainsFunc(h.byRecord[h.record[i]], func(j int) bool {
		return h.facts[j].Kind == fact.KindSale && slices.ContainsFunc(h.facts[j].Links, func(name string) bool {
			return isSibling(name, f.Ref) && !h.returnedPayment(h.record[i], name)
		})
	})
}

// returnedPayment reports whether a payment of a record was returned in full.
func (h *Evaluation) returnedPayment(record, payment string) bool {
	return slices.ContainsFunc(h.byRecord[record], func(i int) bool {
		f := &h.facts[i]
		return f.Kind == fact.KindRefund && f.Full && f.Ref == payment
	})
}

// isSibling reports whether two names are different and of one form, such as two charges of one platform:
// "stripe:ch_1" and "stripe:ch_2".
func isSibling(a, b string) bool {
	n := strings.IndexByte(a, '_')
	return n > 0 && a != b && strings.HasPrefix(b, a[:n+1])
}

// refunded reports whether the record was refunded in full.
func (h *Evaluation) refunded(record string) bool {
	return slices.ContainsFunc(h.byRecord[record], h.fullRefund)
}

// calledOff reports whether an order was cancelled or failed after its sale.
func (h *Evaluation) calledOff(sale int) bool {
	return slices.ContainsFunc(h.byRecord[h.record[sale]], func(i int) bool {
		return i > sale && h.facts[i].Kind == fact.KindOrderExpired
	})
}
