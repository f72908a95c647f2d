package webhook

import (
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// event is a snapshot event. Its object is decoded once, into one struct with the fields of every
// known kind of object.
type event struct {
	ID       payload.Text   `json:"id"`
	Object   payload.Text   `json:"object"`
	Type     payload.Text   `json:"type"`
	Created  payload.Number `json:"created"`
	Livemode livemode       `json:"livemode"`
	Data     struct {
		Object   object   `json:"object"`
		Previous previous `json:"previous_attributes"`
	} `json:"data"`
}

// thin is the object type of API v2 events, which carry ids without content.
const thin = "v2.core.event"

// test reports whether the event comes from Stripe's test mode, by the event or else by the object.
func (e *event) test() bool {
	mode := e.Livemode
	if !mode.known {
		mode = e.Data.Object.Livemode
	}
	return mode.known && !mode.live
}

// route finds the reader of the event, or the reason for silence.
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
	case "credit_note.created", "credit_note.updated", "credit_note.voided":
		return r.creditNote, ""
	case "charge.refunded":
		return r.refundedCharge, ""
	case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
		return r.refund, ""
	case "charge.dispute.created":
		return r.disputeOpened, ""
	case "charge.dispute.closed":
		return r.disputeClosed, ""
	case "customer.subscription.created", "customer.subscription.updated",
		"customer.subscription.paused", "customer.subscription.resumed":
		return r.subscription, ""
	case "customer.subscription.deleted":
		return r.subscriptionEnded, ""
	case "customer.created":
		return r.customerCreated, ""
	case "customer.updated":
		return r.customerUpdated, ""
	}
	return nil, unread(string(r.event.Type))
}

// unread is the reason why a type of event gives no fact. A charge or a payment intent is a step of
// a payment; the checkout session or the invoice carries the agreement.
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
