package stripe

import (
	"github.com/rodopath/rodopath/services/ingest"
)

// event is a snapshot event. Its object is read into one struct that has the
// fields of every kind of object we know, so that the body is decoded once.
type event struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Created  int64  `json:"created"`
	Livemode *bool  `json:"livemode"`
	Data     struct {
		Object   object   `json:"object"`
		Previous previous `json:"previous_attributes"`
	} `json:"data"`
}

// thin is the object of the events of API v2, which carry ids and no content.
const thin = "v2.core.event"

// test tells whether the event comes from Stripe's test mode. The object knows
// it too where the event does not say.
func (e *event) test() bool {
	live := e.Livemode
	if live == nil {
		live = e.Data.Object.Livemode
	}
	return live != nil && !*live
}

// route finds who reads the event, or why nobody does.
func (r *reader) route() (tell func(), reason string) {
	switch {
	case r.event.Object == thin:
		return nil, ingest.SilentThin
	case r.event.test() && !r.AcceptTest:
		return nil, ingest.SilentTest
	}
	switch r.event.Type {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed", "checkout.session.expired":
		return r.session, ""
	case "invoice.paid", "invoice.payment_succeeded":
		return r.invoice, ""
	case "invoice_payment.paid":
		return r.invoicePayment, ""
	case "charge.refunded":
		return r.refundedCharge, ""
	case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
		return r.refund, ""
	case "charge.dispute.created":
		return r.disputeOpened, ""
	case "charge.dispute.closed":
		return r.disputeClosed, ""
	case "customer.subscription.created", "customer.subscription.updated":
		return r.subscription, ""
	case "customer.subscription.deleted":
		return r.subscriptionEnded, ""
	case "customer.created":
		return r.customerCreated, ""
	case "customer.updated":
		return r.customerUpdated, ""
	}
	return nil, unread(r.event.Type)
}

// unread says why a type of event makes no fact. A charge or a payment intent
// is a step of a payment; what was agreed is told by the checkout session or by
// the invoice.
func unread(kind string) string {
	switch kind {
	case "payment_intent.payment_failed", "charge.failed", "invoice.payment_failed", "setup_intent.setup_failed":
		return ingest.SilentPaymentFailed
	case "payment_intent.canceled", "setup_intent.canceled":
		return ingest.SilentCancelled
	case "payment_intent.succeeded", "payment_intent.created", "payment_intent.processing",
		"payment_intent.requires_action", "payment_intent.amount_capturable_updated", "payment_intent.partially_funded",
		"charge.succeeded", "charge.captured", "charge.pending", "charge.updated", "charge.expired",
		"setup_intent.created", "setup_intent.succeeded", "setup_intent.requires_action",
		"invoice.created", "invoice.finalized", "invoice.upcoming", "invoice.sent":
		return ingest.SilentNotContract
	}
	return ingest.SilentUnhandled
}
