package webhook

import (
	"net/netip"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const checkoutForm = "woocommerce_checkout"

// signup reads the newsletter box of the checkout, for which each newsletter plug-in has a key of
// its own. The box counts with or without payment of the order. An empty box is no refusal, because
// many checkouts show no box.
func (r *reader) signup() *factv1.Fact {
	if _, ok := ingest.Email(r.record.Billing.Email); !ok || !r.record.optedIn() {
		return nil
	}
	evidence := &factv1.Evidence{Form: checkoutForm}
	if ip, err := netip.ParseAddr(r.record.CustomerIP); err == nil {
		evidence.Ip = ip.String()
	}
	return &factv1.Fact{
		Kind:     factv1.Kind_KIND_SIGNUP,
		Ref:      r.ref(),
		Wording:  r.Wording,
		Channels: []string{"email"},
		Evidence: evidence,
		Occurred: r.created(),
	}
}

// optedIn reports whether a plug-in recorded a ticked box: MailerLite, Mailchimp, MC4WP or Creative
// Mail.
func (r *record) optedIn() bool {
	for _, key := range []string{
		"_woo_ml_subscribe", "mailchimp_woocommerce_is_subscribed", "_mc4wp_optin", "ce4wp_checkout_consent",
	} {
		switch r.note(key) {
		case "1", "yes", "true":
			return true
		}
	}
	return false
}
