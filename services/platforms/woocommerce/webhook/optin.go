package webhook

import (
	"net/netip"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const checkoutForm = "woocommerce_checkout"

// signups reads the consent boxes of the checkout, for which each newsletter plug-in has a key of its
// own. A box counts with or without payment of the order. An empty box is no refusal, because many
// checkouts show no box. The box was ticked no later than the order was paid: the seller, or a program, may
// change the date of an order, and the id of the sign-up holds no date. The order of a renewal, a switch or a
// resubscription is a copy of the first order with its boxes, and no act of the person.
func (r *reader) signups() []*factv1.Fact {
	if _, ok := ingest.Email(string(r.record.Billing.Email)); !ok || r.record.isCopy() {
		return nil
	}
	var facts []*factv1.Fact
	for _, wording := range r.agreed() {
		f := &factv1.Fact{
			Kind:     factv1.Kind_KIND_SIGNUP,
			Ref:      r.ref(),
			Wording:  wording,
			Channels: []string{"email"},
			Evidence: r.evidence(),
			Occurred: earliest(r.created(), r.when(r.record.PaidGMT, r.record.Paid)),
		}
		ingest.AssignUndatedID(r.ID, f)
		if !r.MayConsent(string(r.record.CreatedVia), checkouts()) {
			f.Traits = append(f.Traits, ingest.TraitUnproven)
		}
		facts = append(facts, f)
	}
	return facts
}

// earliest returns the first of the known times; nil without one.
func earliest(times ...*timestamppb.Timestamp) *timestamppb.Timestamp {
	var first *timestamppb.Timestamp
	for _, t := range times {
		if t != nil && (first == nil || t.AsTime().Before(first.AsTime())) {
			first = t
		}
	}
	return first
}

// checkouts are the origins of an order that the person placed in the shop. Orders of old versions and of
// plug-ins have no origin: such an order is no evidence of a form, and its box counts with the address of
// the buyer's device alone.
func checkouts() []string { return []string{"", "checkout", "store-api"} }

func (r *reader) evidence() *factv1.Evidence {
	out := &factv1.Evidence{}
	if r.record.CreatedVia != "" {
		out.Form = checkoutForm
	}
	if ip, err := netip.ParseAddr(string(r.record.CustomerIP)); err == nil {
		out.Ip = ip.String()
	}
	return out
}

// agreed returns the wordings of the ticked boxes, each once. MailerLite, Mailchimp, MC4WP and Creative
// Mail have the known keys, with the wording of the source.
func (r *reader) agreed() []string {
	var wordings []string
	for _, key := range []string{
		"_woo_ml_subscribe", "mailchimp_woocommerce_is_subscribed", "_mc4wp_optin", "ce4wp_checkout_consent",
	} {
		if _, configured := r.OptIn[key]; !configured && r.record.Meta[key].True() {
			wordings = append(wordings, r.Wording)
		}
	}
	for key, wording := range r.OptIn {
		if r.record.Meta[key].True() {
			wordings = append(wordings, wording)
		}
	}
	slices.Sort(wordings)
	return slices.Compact(wordings)
}
