package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// subscription reads a new or changed subscription. Access starts with the active state, with or
// without a trial; invoices report renewals, and an announced end is no end. A paused subscription, such as
// a trial that ended without a card, gives no access until the subscription is resumed.
func (r *reader) subscription() {
	o, was := r.object(), r.event.Data.Previous.Status
	switch o.Status {
	case "active", "trialing":
	case "paused":
		f := r.access(factv1.Kind_KIND_ACCESS_ENDED)
		f.Occurred = r.when()
		r.emit(o.person(), names(string(o.ID)), f)
		return
	case "incomplete", "past_due", "unpaid":
		r.silent(ingest.SilentUnpaid)
		return
	default:
		r.silent(ingest.SilentNothingNew)
		return
	}
	switch {
	case was == "paused", r.event.Type == "customer.subscription.resumed":
		f := r.access(factv1.Kind_KIND_ACCESS_STARTED)
		f.Occurred = r.when()
		r.emit(o.person(), names(string(o.ID)), f)
	case r.event.Type == "customer.subscription.created", was != "" && was != o.Status:
		f := r.access(factv1.Kind_KIND_ACCESS_STARTED)
		f.Occurred = r.when(o.StartDate, o.Created)
		r.emit(o.person(), names(string(o.ID)), f)
	case bool(o.CancelAtPeriodEnd):
		r.silent(ingest.SilentScheduled)
	default:
		r.silent(ingest.SilentNothingNew)
	}
}

// subscriptionEnded reads the end of a subscription. The paid period remains open only after a
// cancellation for its end.
func (r *reader) subscriptionEnded() {
	o := r.object()
	f := r.access(factv1.Kind_KIND_ACCESS_ENDED)
	f.Occurred = r.when(o.EndedAt, o.CanceledAt)
	if o.CancelAtPeriodEnd {
		f.PaidUntil = payload.Unix(o.currentPeriodEnd())
	}
	r.emit(o.person(), names(string(o.ID)), f)
}

func (r *reader) access(kind factv1.Kind) *factv1.Fact {
	ref := name(r.object().ID)
	return &factv1.Fact{Kind: kind, Ref: ref, Contract: ref, Access: factv1.Access_ACCESS_SUBSCRIPTION}
}

func (o *object) currentPeriodEnd() payload.Number {
	end := o.CurrentPeriodEnd
	for i := range o.Items.Data {
		end = max(end, o.Items.Data[i].CurrentPeriodEnd)
	}
	return end
}
