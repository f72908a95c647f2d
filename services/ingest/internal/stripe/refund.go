package stripe

import (
	"strconv"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const refundDone = "succeeded"

// refundedCharge reads a charge of which money went back. From API version
// 2022-11-15 on it comes without the list of its refunds.
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
			facts = append(facts, r.moneyBack(back, o.ID, links, o.Refunded))
		}
	}
	if len(facts) == 0 {
		r.silent(ingest.SilentRefundNotDone)
		return
	}
	r.emit(o.person(), append(names(o.ID), links...), facts...)
}

// refund reads a refund by itself. It does not know the price, so it cannot say
// whether all of it went back; charge.refunded does.
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

// unlistedRefund is the fact of the last refund of a charge that does not name
// it. The event's time changes when the same is told again; what went back in
// all does not, and grows with every refund.
func (r *reader) unlistedRefund(links []string) *factv1.Fact {
	o := r.object()
	f := r.moneyBack(refund{}, o.ID, links, o.Refunded)
	ingest.AssignUndatedID(r.ID, f, "refunded", strconv.FormatInt(o.AmountRefunded, 10))
	return f
}

// moneyBack is the fact of one refund. Its id knows the refund, so that two of
// the same second stay two and one that is told twice stays one.
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

// charged returns the record that a refund or a dispute is about, and its other
// names: the charge, or the payment where there is no charge.
func (o *object) charged() (record string, links []string) {
	if o.Charge.ID == "" {
		return o.PaymentIntent.ID, nil
	}
	return o.Charge.ID, names(o.PaymentIntent.ID)
}
