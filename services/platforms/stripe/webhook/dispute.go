package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// disputeOpened holds the disputed record: its data is evidence.
func (r *reader) disputeOpened() {
	o := r.object()
	f := r.disputed(factv1.Kind_KIND_HOLD)
	f.Occurred = r.when(o.Created)
	ingest.AssignDistinctID(r.ID, f, name(o.ID))
	r.emit(o.person(), names(o.Charge.ID, o.PaymentIntent.ID), f)
}

// disputeClosed releases the record. The dispute has no time of closing, so the time of the event
// is used. An inquiry may close and return as a dispute under one id.
func (r *reader) disputeClosed() {
	o := r.object()
	f := r.disputed(factv1.Kind_KIND_RELEASE)
	f.Occurred = r.when()
	ingest.AssignUndatedID(r.ID, f, name(o.ID), string(o.Status))
	r.emit(o.person(), names(o.Charge.ID, o.PaymentIntent.ID), f)
}

func (r *reader) disputed(kind factv1.Kind) *factv1.Fact {
	record, links := r.object().charged()
	return &factv1.Fact{Kind: kind, Ref: name(record), Links: links, Matter: name(r.object().ID)}
}
