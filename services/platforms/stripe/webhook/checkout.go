package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const checkoutForm = "stripe_checkout"

// session reads a checkout session. A session is a sale once paid, or without a price: a completed
// session may still wait for a bank transfer.
func (r *reader) session() {
	o := r.object()
	switch {
	case o.Mode == "setup":
		r.silent(ingest.SilentSetup)
		r.refused()
	case r.event.Type == "checkout.session.expired":
		r.silent(ingest.SilentExpired)
		r.refused()
	case r.event.Type == "checkout.session.async_payment_failed":
		r.silent(ingest.SilentPaymentFailed)
		r.refused()
	case o.Mode == "subscription" && o.PaymentStatus == "no_payment_required":
		r.trial()
	case r.event.Type == "checkout.session.completed" && o.PaymentStatus != "paid" && o.PaymentStatus != "no_payment_required":
		r.silent(ingest.SilentUnpaid)
		r.refused()
	default:
		r.emit(o.person(), names(o.PaymentIntent.ID, o.Invoice.ID, o.Subscription.ID), r.sessionFacts()...)
	}
}

// refused reads the refusal of promotional mail in a session without a payment: a no needs no sale. A box
// that was ticked counts with the sale.
func (r *reader) refused() {
	f := r.promotions()
	if f == nil || f.GetKind() != factv1.Kind_KIND_REFUSAL {
		return
	}
	ingest.AssignUndatedID(r.ID, f)
	o := r.object()
	r.emit(o.person(), names(o.PaymentIntent.ID, o.Invoice.ID, o.Subscription.ID), f)
}

// trial reads a session that begins a subscription without a payment: access begins, and nothing is sold
// yet.
func (r *reader) trial() {
	o := r.object()
	contract := name(o.Subscription.ID)
	f := &factv1.Fact{
		Kind: factv1.Kind_KIND_ACCESS_STARTED, Ref: contract, Contract: contract,
		Access: factv1.Access_ACCESS_SUBSCRIPTION, Occurred: r.when(),
	}
	ingest.AssignUndatedID(r.ID, f, name(o.ID))
	facts := []*factv1.Fact{f}
	if p := r.promotions(); p != nil {
		ingest.AssignUndatedID(r.ID, p)
		facts = append(facts, p)
	}
	r.emit(o.person(), names(o.Invoice.ID, o.Subscription.ID), facts...)
}

func (r *reader) sessionFacts() []*factv1.Fact {
	o := r.object()
	facts := r.sales(o.sold(r.Source))
	if o.Mode != "subscription" {
		r.nameUnlisted(facts, o.sessionItems())
	}
	for _, f := range facts {
		f.Links = names(o.PaymentIntent.ID, o.Invoice.ID)
		f.Contract = name(o.Subscription.ID)
		f.Occurred = r.when()
	}
	if f := r.promotions(); f != nil {
		facts = append(facts, f)
	}
	// The session has no time of its own, and two events about one session give one fact.
	for _, f := range facts {
		ingest.AssignUndatedID(r.ID, f)
	}
	r.markBuyer(facts)
	return facts
}

// markBuyer marks the sales of a business, and those under the one-stop shop.
func (r *reader) markBuyer(facts []*factv1.Fact) {
	buyer := r.object().buyer()
	if buyer.Business {
		ingest.MarkBusiness(facts)
	}
	r.MarkOSS(facts, buyer)
}

// sales makes one sale of the record for each kind of access sold.
func (r *reader) sales(products []ingest.Product) []*factv1.Fact {
	facts := make([]*factv1.Fact, 0, len(products)+1)
	for _, p := range products {
		facts = append(facts, &factv1.Fact{
			Kind: factv1.Kind_KIND_SALE, Ref: name(r.object().ID), Access: p.Access, AccessDays: p.Days,
		})
	}
	return facts
}

// sold returns the products of a session. Events include line items only on request, so the
// seller's metadata and the payment link serve as a substitute.
func (o *object) sold(source *ingest.Source) []ingest.Product {
	if o.Mode == "subscription" {
		return subscribed(source, o.LineItems.Data, append(o.Metadata.keys(), o.PaymentLink.ID))
	}
	return productsOf(source, o.sessionItems())
}

// sessionItems returns the keys of the items of a session.
func (o *object) sessionItems() [][]string {
	return items(o.LineItems.Data, append(o.Metadata.keys(), o.PaymentLink.ID))
}

// items returns the keys of each line, or those of the whole where no line is known.
func items(lines []line, whole []string) [][]string {
	if len(lines) == 0 {
		return [][]string{whole}
	}
	out := make([][]string, len(lines))
	for i := range lines {
		out[i] = append(lines[i].keys(), whole...)
	}
	return out
}

func productsOf(source *ingest.Source, items [][]string) []ingest.Product {
	products := make([]ingest.Product, len(items))
	for i := range items {
		products[i] = source.Product(items[i]...)
	}
	return ingest.Distinct(products)
}

// nameUnlisted adds the products that the configuration does not list to the sale that stands for them.
func (r *reader) nameUnlisted(facts []*factv1.Fact, items [][]string) {
	for _, f := range facts {
		if f.GetKind() == factv1.Kind_KIND_SALE && f.GetAccess() == factv1.Access_ACCESS_ONE_OFF {
			f.Unlisted = r.Unlisted(items...)
		}
	}
}

// subscribed returns the products of a subscription. A listed product counts as listed, such as a course in
// instalments; any other product of a subscription is a subscription.
func subscribed(source *ingest.Source, lines []line, whole []string) []ingest.Product {
	items := [][]string{whole}
	for i := range lines {
		items = append(items, lines[i].keys())
	}
	if listed := source.Listed(items); len(listed) > 0 {
		return listed
	}
	return []ingest.Product{{Access: factv1.Access_ACCESS_SUBSCRIPTION}}
}

// promotions reads the box about promotional mail, which Stripe shows to buyers in the US alone;
// null means no question. A yes is as old as the session, because the payment may follow days after the act; a
// no is as new as the event.
func (r *reader) promotions() *factv1.Fact {
	f := &factv1.Fact{Ref: name(r.object().ID), Occurred: r.when(), Channels: []string{"email"}}
	switch r.object().Consent.Promotions {
	case "opt_in":
		f.Kind, f.Occurred = factv1.Kind_KIND_SIGNUP, r.when(r.object().Created)
		f.Wording = r.Wording
		f.Evidence = &factv1.Evidence{Form: checkoutForm}
	case "opt_out":
		f.Kind = factv1.Kind_KIND_REFUSAL
		f.Purposes = []string{"offers"}
	default:
		return nil
	}
	return f
}
