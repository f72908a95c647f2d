package webhook

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// order reads an order in its present state. WooCommerce builds the body at the time of sending, so
// order.created may already carry the state of order.updated: facts derive from the state of the
// order and never from the topic. The state takes back what an earlier state reported: a refund that was
// deleted, a product that was taken off, a cancellation that was undone.
func (r *reader) order() {
	rec := r.record
	rec.Status = payload.Text(strings.TrimPrefix(strings.ToLower(string(rec.Status)), "wc-"))
	switch rec.Status {
	case "draft", "checkout-draft", "auto-draft":
		r.silent(ingest.SilentDraft)
		return
	case statusTrash:
		if r.paid() == nil {
			r.silent(ingest.SilentTrash)
			return
		}
	}
	if r.record.note("_anonymized") == "yes" {
		r.anonymized()
		return
	}
	who := r.buyer()
	if r.anonymous(who) {
		r.nobody()
		return
	}
	r.emit(who, r.signups()...)
	if r.paid() == nil {
		r.unpaid(who)
		return
	}
	sales := r.sales()
	facts := slices.Concat(r.performed(sales), r.refunds())
	switch rec.Status {
	case "cancelled", "failed", statusTrash:
		facts = append(facts, r.expired())
	}
	r.emitSold(who, sales)
	r.emitState(who, facts)
}

// nobody reads an order that names no person. An order with an address that cannot be read, and a sale, which
// belongs in the books of somebody, are kept in the quarantine.
func (r *reader) nobody() {
	if r.record.Billing.Unread || r.record.Shipping.Unread || r.isSale() && r.record.CreatedVia != tillOrigin {
		r.out.Unread = ingest.UnreadNoPerson
		return
	}
	r.silent(ingest.SilentNoPerson)
}

// tillOrigin is the origin of an order of WooCommerce's own till, which sells to nobody in particular.
const tillOrigin = "pos-rest-api"

// isSale reports whether the order was paid and has a price.
func (r *reader) isSale() bool {
	total, known := amount(string(r.record.Total))
	return r.paid() != nil && (!known || total != 0)
}

// anonymized reads an order whose buyer the shop erased. The contract of the order ends, the books stay, and
// nobody is asked on the order.
func (r *reader) anonymized() {
	r.silent(ingest.SilentAnonymized)
	if r.ref() == "" {
		return
	}
	f := r.expired()
	f.Reason, f.Locators = "anonymized by the shop", []string{r.ref()}
	ingest.AssignUndatedID(r.ID, f, "anonymized")
	r.out.Facts = append(r.out.Facts, f)
}

// The states of an order in which more than one place is interested.
const (
	statusCompleted = "completed"
	statusTrash     = "trash"
)

// paid is the time of payment. A completed order without a date of payment, such as an imported order, was
// paid, whatever its present status: the completion stands in for the payment.
func (r *reader) paid() *timestamppb.Timestamp {
	if at := r.when(r.record.PaidGMT, r.record.Paid); at != nil {
		return at
	}
	completed := r.when(r.record.CompletedGMT, r.record.Completed)
	if completed == nil && (r.record.Status == statusCompleted || r.paidAtUnknownTime()) {
		return payload.First(r.modified(), r.created())
	}
	return completed
}

// paidAtUnknownTime reports whether the order has a date of payment in a notation that is not read, in a
// state that follows a payment: the change that was reported stands in for the payment.
func (r *reader) paidAtUnknownTime() bool {
	switch r.record.Status {
	case "processing", statusRefunded, statusCompleted:
		return r.record.PaidGMT.IsUnread() || r.record.Paid.IsUnread()
	}
	return false
}

// emitState adds the facts of the order's state, and the state itself.
func (r *reader) emitState(who ingest.Identities, facts []*factv1.Fact) {
	r.emitStateOf(who, &factv1.Fact{Ref: r.ref(), StateOf: r.ref()}, facts)
}

// emitSold adds the sales of the order and the state of what is sold. An order without items says nothing
// about what is sold: such an order takes back no sale that it reported before.
func (r *reader) emitSold(who ingest.Identities, sales []*factv1.Fact) {
	if len(r.record.LineItems) == 0 {
		r.emit(who, sales...)
		return
	}
	r.emitStateOf(who, &factv1.Fact{Ref: r.ref(), StateOf: r.ref() + "#sold"}, sales)
}

// emitStateOf adds the facts of the state of a thing of a record, and the state itself. Without a time of the
// last change or a number of the record the facts are no state.
func (r *reader) emitStateOf(who ingest.Identities, state *factv1.Fact, facts []*factv1.Fact) {
	if at := r.modified(); at != nil && state.GetRef() != "" {
		ingest.AssignIDs(r.ID, facts)
		for _, f := range facts {
			f.StateOf, f.AsOf = state.GetStateOf(), at
		}
		state.Kind, state.AsOf, state.Occurred, state.Parts = factv1.Kind_KIND_STATE, at, at, partsOf(facts)
		facts = append(facts, state)
	}
	r.emit(who, facts...)
}

// deleted reads the deletion of an order, of which the shop sends the number alone. The contract ends; the
// books stay. A later state of the order, after a restoration, takes the deletion back.
func (r *reader) deleted() {
	f := r.expired()
	f.Occurred, f.Locators = timestamppb.New(r.at), []string{r.ref()}
	// The shop sends no time of the deletion, and clocks differ: a state that arrives later ends the deletion.
	f.StateOf = r.ref()
	ingest.AssignDistinctID(r.ID, f, "deleted")
	r.out.Facts = append(r.out.Facts, f)
}

func (r *reader) ref() string { return r.name("order", r.record.ID) }

// contract names the subscription that the order renews, switches or resumes. The first order of a
// subscription has no such name; the subscription names the order as its parent.
func (r *reader) contract() string {
	for _, key := range copyKeys() {
		if id := payload.ParseNumber(r.record.note(key)); id > 0 {
			return r.name("subscription", id)
		}
	}
	return ""
}

// isCopy reports whether the order is a copy of an earlier order of a subscription with its boxes, whether
// or not the order names the subscription.
func (r *record) isCopy() bool {
	for key, value := range r.Meta {
		isKey := func(prefix string) bool { return strings.HasPrefix(key, prefix) }
		if value != "" && slices.ContainsFunc(copyKeys(), isKey) {
			return true
		}
	}
	return false
}

// copyKeys are the keys under which an order that copies an earlier one names its subscription. Further keys
// of such an order begin with one of them.
func copyKeys() []string {
	return []string{"_subscription_renewal", "_subscription_switch", "_subscription_resubscribe"}
}

// note returns the value that a plug-in left under a key.
func (r *record) note(key string) string { return string(r.Meta[key]) }

// payments are the names that Stripe has for the order, where Stripe's plug-in or
// WooPayments took the money.
func (r *record) payments() []string {
	method := string(r.PaymentMethod)
	if !strings.HasPrefix(method, "stripe") && !strings.HasPrefix(method, "woocommerce_payments") {
		return nil
	}
	var links []string
	for _, id := range []string{
		r.note("_stripe_intent_id"), r.note("_stripe_charge_id"),
		r.note("_intent_id"), r.note("_charge_id"), string(r.TransactionID),
	} {
		known := strings.HasPrefix(id, "pi_") || strings.HasPrefix(id, "ch_") || strings.HasPrefix(id, "py_")
		link := "stripe:" + id
		if known && payload.Name(id) != "" && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return links
}

// performed reports the completion of the order for every awaiting sale. The completion of an order
// ends no course and no subscription.
func (r *reader) performed(sales []*factv1.Fact) []*factv1.Fact {
	rec := r.record
	// The date of completion stays when a completed order is refunded.
	refunded := rec.Status == statusRefunded && r.when(rec.CompletedGMT, rec.Completed) != nil
	if rec.Status != statusCompleted && !refunded {
		return nil
	}
	var facts []*factv1.Fact
	for _, sale := range sales {
		if !sale.GetPerformanceAwaited() {
			continue
		}
		f := &factv1.Fact{
			Kind:   factv1.Kind_KIND_PERFORMED,
			Ref:    sale.GetRef(),
			Links:  sale.GetLinks(),
			Access: sale.GetAccess(),
		}
		f.Occurred = r.when(rec.CompletedGMT, rec.Completed)
		if f.GetOccurred() == nil {
			f.Occurred = r.modified()
			ingest.AssignUndatedID(r.ID, f)
		}
		facts = append(facts, f)
	}
	return facts
}
