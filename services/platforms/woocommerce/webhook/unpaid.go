package webhook

import (
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// unpaid reads an order without a date of payment. The order is no contract, but its data are held
// and must be deleted when no payment follows. An order with cash on delivery is "processing" and
// unpaid until the handover. A refunded order without a payment is called off.
// A state of a plug-in, such as "partially-paid", is an order placed as well.
func (r *reader) unpaid(who ingest.Identities) {
	// A date in a zone that we do not know is no time of payment, and yet the
	// order is paid.
	paid := r.record.Paid.Time(time.UTC) != nil
	switch status := r.record.Status; {
	case paid:
		r.silent(ingest.SilentUnpaid)
	case status == "":
		r.silent(ingest.SilentUnpaid)
	case status == "cancelled", status == "failed", status == statusRefunded:
		r.emit(who, r.placed())
		r.emitState(who, []*factv1.Fact{r.expired()})
	default:
		r.emit(who, r.placed())
		r.emitState(who, nil)
	}
}

// placed is the placing of the order, with the time of the state in which the order was not paid: an order that
// awaits a delivery, a deposit or a term is alive while the shop works on it. The payment does not undo the
// placing: no state takes it back.
func (r *reader) placed() *factv1.Fact {
	f := &factv1.Fact{Kind: factv1.Kind_KIND_ORDER_PLACED, Ref: r.ref(), Occurred: r.created()}
	if at := r.modified(); at != nil && r.ref() != "" {
		ingest.AssignIDs(r.ID, []*factv1.Fact{f})
		f.StateOf, f.AsOf = r.ref()+"#unpaid", at
	}
	return f
}

// expired uses the order's last change as the end of the order. Later changes, such as a note, give
// the same fact.
func (r *reader) expired() *factv1.Fact {
	f := &factv1.Fact{Kind: factv1.Kind_KIND_ORDER_EXPIRED, Ref: r.ref(), Occurred: r.modified()}
	ingest.AssignUndatedID(r.ID, f)
	return f
}
