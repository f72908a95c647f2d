package webhook

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// subscription reads the state of a subscription of WooCommerce Subscriptions. Its renewals are
// orders. An active subscription takes back an end that was reported before.
func (r *reader) subscription() {
	rec := r.record
	switch rec.Status {
	case "active":
		f := r.access(factv1.Kind_KIND_ACCESS_STARTED)
		f.Occurred = payload.First(r.when(rec.StartGMT, rec.Start), r.created())
		r.emitSubscriber(f)
	case "cancelled", "expired", statusSwitched:
		f := r.access(factv1.Kind_KIND_ACCESS_ENDED)
		f.Occurred = payload.First(r.when(rec.EndGMT, rec.End), r.when(rec.CancelledGMT, rec.Cancelled))
		if f.GetOccurred() == nil {
			f.Occurred = r.modified()
			ingest.AssignUndatedID(r.ID, f)
		}
		if rec.Status == statusSwitched && f.GetOccurred() != nil {
			f.PaidUntil = timestamppb.New(f.GetOccurred().AsTime().Add(switchedWithin))
		}
		r.emitSubscriber(f)
	case "pending-cancel":
		r.silent(ingest.SilentScheduled)
	case "on-hold", "pending":
		r.silent(ingest.SilentUnpaid)
	case "draft", "auto-draft", "checkout-draft":
		r.silent(ingest.SilentDraft)
	case "trash":
		r.silent(ingest.SilentTrash)
	default:
		r.silent(ingest.SilentNothingNew)
	}
}

// statusSwitched is the final state of a subscription that another one replaced.
const statusSwitched = "switched"

// switchedWithin is how long the contract of a switched subscription goes on: the subscription that replaced it is
// reported by a webhook of its own, and is paid by an order that may be reported later still.
const switchedWithin = 24 * time.Hour

// access is about the order that began the subscription, where there is one.
func (r *reader) access(kind factv1.Kind) *factv1.Fact {
	contract := r.name("subscription", r.record.ID)
	f := &factv1.Fact{Kind: kind, Ref: contract, Contract: contract, Access: factv1.Access_ACCESS_SUBSCRIPTION}
	if order := r.name("order", r.record.ParentID); order != "" {
		f.Ref = order
	}
	return f
}

// emitSubscriber adds the beginning of the access, or the end as the state of the subscription.
func (r *reader) emitSubscriber(f *factv1.Fact) {
	who := r.buyer()
	if r.anonymous(who) {
		r.silent(ingest.SilentNoPerson)
		return
	}
	var state []*factv1.Fact
	if f.GetKind() == factv1.Kind_KIND_ACCESS_ENDED {
		state = append(state, f)
	} else {
		r.emit(who, f)
	}
	contract := f.GetContract()
	r.emitStateOf(who, &factv1.Fact{Ref: f.GetRef(), Contract: contract, StateOf: contract}, state)
}
