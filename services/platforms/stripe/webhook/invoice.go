package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// invoice reads a paid invoice. The zero invoice of a subscription, such as that of a trial, is no sale:
// the subscription itself reports the access. Stripe sends both invoice.paid and invoice.payment_succeeded; both
// give the same facts.
func (r *reader) invoice() {
	o := r.object()
	if r.event.Type == "invoice.payment_succeeded" && o.Status != "paid" && !o.Paid {
		r.silent(ingest.SilentUnpaid)
		return
	}
	contract := o.contract()
	if contract != "" && o.Total == "0" {
		r.silent(ingest.SilentNotContract)
		return
	}
	facts := r.sales(o.invoiced(r.Source, contract))
	if contract == "" {
		r.nameUnlisted(facts, items(o.Lines.Data, o.Metadata.keys()))
	}
	for _, f := range facts {
		f.Links = names(o.PaymentIntent.ID, o.Charge.ID)
		f.Contract = name(contract)
		f.Occurred = r.when(o.Transitions.PaidAt)
		if contract != "" {
			f.PaidUntil = payload.Unix(o.periodEnd())
		}
		// An invoice is paid once, and old invoices have no time of payment.
		ingest.AssignUndatedID(r.ID, f)
	}
	r.markBuyer(facts)
	r.emit(o.person(), names(string(o.ID), o.PaymentIntent.ID, o.Charge.ID, contract), facts...)
}

func (o *object) contract() string {
	if id := o.Subscription.ID; id != "" {
		return id
	}
	return o.Parent.SubscriptionDetails.Subscription.ID
}

func (o *object) invoiced(source *ingest.Source, contract string) []ingest.Product {
	if contract != "" {
		return subscribed(source, o.Lines.Data, o.Metadata.keys())
	}
	return productsOf(source, items(o.Lines.Data, o.Metadata.keys()))
}

// periodEnd is the end of the last period that the lines cover.
func (o *object) periodEnd() payload.Number {
	var last payload.Number
	for i := range o.Lines.Data {
		last = max(last, o.Lines.Data[i].Period.End)
	}
	return last
}

// invoicePayment joins the names of an invoice and of its payment: from Basil on an invoice omits
// its payment, and refunds and disputes name the payment alone.
func (r *reader) invoicePayment() {
	o := r.object()
	payments := names(o.Payment.PaymentIntent.ID, o.Payment.Charge.ID)
	invoice := names(o.Invoice.ID)
	if len(invoice) == 0 || len(payments) == 0 {
		r.silent(ingest.SilentNothingNew)
		return
	}
	r.emit(o.person(), append(invoice, payments...), &factv1.Fact{
		Kind:     factv1.Kind_KIND_IDENTIFIED,
		Ref:      invoice[0],
		Links:    payments,
		Occurred: r.when(o.Transitions.PaidAt),
	})
}
