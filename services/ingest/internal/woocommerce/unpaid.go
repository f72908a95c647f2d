package woocommerce

import (
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/internal/payload"
)

// unpaid reads an order without a date of payment. It is no contract, but its
// data are there and must go once nobody will pay. One on cash on delivery is
// "processing" and stays unpaid until it is handed over. States that plugins add
// may mean anything and say nothing here.
func (r *reader) unpaid(who ingest.Identities) {
	// A date in a zone that we do not know is no time of payment, and yet the
	// order is paid.
	paid := payload.Time(string(r.record.Paid), time.UTC) != nil
	switch status := r.record.Status; {
	case paid:
		r.silent(ingest.SilentUnpaid)
	case status == "pending", status == "on-hold", status == "processing":
		r.emit(who, r.placed())
	case status == "cancelled", status == "failed":
		r.emit(who, r.placed(), r.expired())
	default:
		r.silent(ingest.SilentUnpaid)
	}
}

func (r *reader) placed() *factv1.Fact {
	return &factv1.Fact{Kind: factv1.Kind_KIND_ORDER_PLACED, Ref: r.ref(), Occurred: r.created()}
}

// expired takes the order's last change for the time at which it was given up.
// Later changes of the order, such as a note, tell the same end.
func (r *reader) expired() *factv1.Fact {
	f := &factv1.Fact{Kind: factv1.Kind_KIND_ORDER_EXPIRED, Ref: r.ref(), Occurred: r.modified()}
	ingest.AssignUndatedID(r.ID, f)
	return f
}
