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
		facts = append(facts, r.unlistedRefund(links), r.state(string(o.ID), refundsOf(string(o.ID))))
	}
	for _, back := range refunds {
		if back.Status == refundDone {
			f := r.moneyBack(back, string(o.ID), links, bool(o.Refunded))
			facts = append(facts, f, r.state(string(o.ID), f.GetStateOf()))
		}
	}
	if len(facts) == 0 {
		r.silent(ingest.SilentRefundNotDone)
		return
	}
	r.emit(o.person(), append(names(string(o.ID)), links...), facts...)
}

// refund reads a refund alone. A refund has no price, so only charge.refunded can report a full
// refund. A refund that failed takes back the report of its success, and that of its charge.
func (r *reader) refund() {
	o := r.object()
	record, links := o.charged()
	locators := names(o.Charge.ID, o.PaymentIntent.ID)
	switch {
	case r.event.Type == "refund.failed", o.Status == "failed", o.Status == "canceled":
		r.emit(o.person(), locators, r.state(record, name(o.ID)), r.state(record, refundsOf(record)))
	case o.Status != refundDone:
		r.silent(ingest.SilentRefundNotDone)
	default:
		back := refund{ID: o.ID, Created: o.Created}
		r.emit(o.person(), locators, r.moneyBack(back, record, links, false), r.state(record, name(o.ID)))
	}
}

// creditNote reads a correction of an invoice, which may return no money (ustawa o VAT art. 106j). A voided
// credit note takes the correction back.
func (r *reader) creditNote() {
	o := r.object()
	state := r.state(o.Invoice.ID, name(o.ID))
	if o.Status == "void" || r.event.Type == "credit_note.voided" {
		r.emit(o.person(), names(o.Invoice.ID), state)
		return
	}
	r.emit(
		o.person(),
		names(o.Invoice.ID),
		r.moneyBack(refund{ID: o.ID, Created: o.Created}, o.Invoice.ID, nil, false),
		state,
	)
}

// unlistedRefund is the last refund of a charge without a list of refunds. The time of the event
// differs between redeliveries; the refunded sum does not, and grows with every refund.
func (r *reader) unlistedRefund(links []string) *factv1.Fact {
	o := r.object()
	f := r.moneyBack(refund{}, string(o.ID), links, bool(o.Refunded))
	ingest.AssignUndatedID(r.ID, f, "refunded", strconv.FormatInt(int64(o.AmountRefunded), 10))
	f.StateOf = refundsOf(string(o.ID))
	return f
}

// refundsOf names the refunded sum of a charge.
func refundsOf(charge string) string { return name(charge) + "#refunds" }

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
	f.StateOf, f.AsOf = name(back.ID), r.when()
	return f
}

// state is the report of the state of a thing about a record. Of two events the later one counts.
func (r *reader) state(record, of string) *factv1.Fact {
	return &factv1.Fact{
		Kind: factv1.Kind_KIND_STATE, Ref: name(record), StateOf: of, AsOf: r.when(), Occurred: r.when(),
	}
}

// charged returns the record of a refund or a dispute and its other names: the charge, or the
// payment without a charge.
func (o *object) charged() (record string, links []string) {
	if o.Charge.ID == "" {
		return o.PaymentIntent.ID, nil
	}
	return o.Charge.ID, names(o.PaymentIntent.ID)
}
