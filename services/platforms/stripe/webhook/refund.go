package webhook

import (
	"strconv"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const refundDone = "succeeded"

// refundedCharge reads a refunded charge. From API version 2022-11-15 on a charge omits the list of
// its refunds.
func (r *reader) refundedCharge() {
	o := r.object()
	refunds := o.Refunds.Data
	links := names(o.PaymentIntent.ID, o.Invoice.ID)
	var facts []*factv1.Fact
	if len(refunds) == 0 {
		facts = append(facts, r.unlistedRefund(links))
	}
	for _, back := range refunds {
		if back.Status == refundDone {
			facts = append(facts, r.moneyBack(back, string(o.ID), links, bool(o.Refunded)))
		}
	}
	if len(facts) == 0 {
		r.silent(ingest.SilentRefundNotDone)
		return
	}
	r.emit(o.person(), append(names(string(o.ID)), links...), facts...)
}

// refund reads a refund alone. A refund has no price, so only charge.refunded can report a full
// refund.
func (r *reader) refund() {
	o := r.object()
	if o.Status != refundDone || r.event.Type == "refund.failed" {
		r.silent(ingest.SilentRefundNotDone)
		return
	}
	record, links := o.charged()
	back := refund{ID: o.ID, Created: o.Created}
	r.emit(o.person(), names(o.Charge.ID, o.PaymentIntent.ID), r.moneyBack(back, record, links, false))
}

// unlistedRefund is the last refund of a charge without a list of refunds. The time of the event
// differs between redeliveries; the refunded sum does not, and grows with every refund.
func (r *reader) unlistedRefund(links []string) *factv1.Fact {
	o := r.object()
	f := r.moneyBack(refund{}, string(o.ID), links, bool(o.Refunded))
	ingest.AssignUndatedID(r.ID, f, "refunded", strconv.FormatInt(int64(o.AmountRefunded), 10))
	return f
}

// moneyBack is the fact of one refund. The refund is a part of the id, so that two refunds in one
// second are distinct and a redelivery is not.
func (r *reader) moneyBack(back refund, record string, links []string, full bool) *factv1.Fact {
	f := &factv1.Fact{
		Kind:     factv1.Kind_KIND_REFUND,
		Ref:      name(record),
		Links:    links,
		Full:     full,
		Occurred: r.when(back.Created),
	}
	ingest.AssignDistinctID(r.ID, f, name(back.ID))
	return f
}

// charged returns the record of a refund or a dispute and its other names: the charge, or the
// payment without a charge.
func (o *object) charged() (record string, links []string) {
	if o.Charge.ID == "" {
		return o.PaymentIntent.ID, nil
	}
	return o.Charge.ID, names(o.PaymentIntent.ID)
}
