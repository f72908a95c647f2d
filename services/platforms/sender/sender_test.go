package sender_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/sender"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

func TestWebhook_IsTakenByWhoVerifiesItsPlatform(t *testing.T) {
	const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	now := time.Unix(1_790_000_000, 0)
	body := []byte(`{"id":1}`)
	stripe, err1 := stripe.NewVerifier([]string{secret})
	shop, err2 := woocommerce.NewVerifier([]string{secret})
	letters, err3 := mailerlite.NewVerifier([]string{secret})
	forms, err4 := signature.NewStandard([]string{secret})
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for platform, verify := range map[string]func(http.Header) error{
		"stripe":      func(h http.Header) error { return stripe.Verify(h.Get("Stripe-Signature"), body, now) },
		"woocommerce": func(h http.Header) error { return shop.Verify(h.Get("X-Wc-Webhook-Signature"), body) },
		"mailerlite":  func(h http.Header) error { return letters.Verify(h.Get("Signature"), body) },
		"standard": func(h http.Header) error {
			return forms.Verify(h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature"), body, now)
		},
	} {
		w := sender.Webhook{Platform: platform, ID: "msg_1", Topic: "order.updated", At: now, Body: body}
		h := http.Header{}
		if err := w.Sign(h, secret); err != nil {
			t.Fatal(err)
		}
		if err := verify(h); err != nil {
			t.Errorf("%s: %v", platform, err)
		}
	}
	w := sender.Webhook{Platform: "other"}
	if err := w.Sign(http.Header{}, secret); err == nil {
		t.Error("a platform that is not known was signed for")
	}
}
