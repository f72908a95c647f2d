package consoletest_test

import (
	"net/http"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

// TestStory_SeesWhatWasRefused: each refused webhook with its reason and with what to do, how the platform sends one
// again, and no address. What is set aside can be tried again and dropped.
func TestStory_SeesWhatWasRefused(t *testing.T) {
	s := newShop(t, "")
	refused := []byte(`{"id": 77, "billing": {"email": "refused@example.com"}}`)
	for range 2 {
		s.send("shop", refused, func(h http.Header) {
			h.Set("X-Wc-Webhook-Signature", "bm90IHRoZSBzaWduYXR1cmU=")
			h.Set("X-Wc-Webhook-Topic", "order.updated")
		})
	}
	odd := []byte(`this is no JSON from aside@example.com`)
	s.send("shop", odd, func(h http.Header) {
		h.Set("X-Wc-Webhook-Signature", woocommerce.Sign(s.secret("shop"), odd))
		h.Set("X-Wc-Webhook-Topic", "order.created")
	})
	s.settle()
	b := s.signedIn()
	s.until(func() bool {
		b.open("/console/setup/shop")
		return eval[bool](b, `document.querySelector("[aria-labelledby=refused]").innerText.includes("2 razy")`)
	}, "the refused webhooks are noted")
	b.sees("Błędny podpis", "401", "order.updated", "2 razy", "Porównaj sekret webhooka", "Jak wysłać jeszcze raz",
		"webhooks-delivery", "to nie jest JSON", "order.created")
	b.lacks("@example.com")
	b.everywhere("refused")
	b.followIn("[aria-labelledby=aside]", "Spróbuj ponownie")
	b.sees("nadal nie da się przeczytać")
	s.settle() // the second reading takes the place of the first
	b.open("/console/setup/shop")
	b.followIn("[aria-labelledby=aside]", "Usuń z kwarantanny")
	if eval[bool](b, `document.querySelector("[aria-labelledby=aside] form") !== null`) {
		t.Errorf("after dropping the entry is still shown:\n%s", b.text())
	}
}
