// Package sender signs webhooks as the platforms do: for the demo, the client of the command line,
// benchmarks, chaos and tests.
package sender

import (
	"fmt"
	"net/http"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

// Webhook is a webhook with the headers of its platform.
type Webhook struct {
	// Platform is stripe, woocommerce, mailerlite or standard.
	Platform string
	// ID identifies the delivery, and Topic the event, on platforms with such headers.
	ID, Topic string
	At        time.Time
	Body      []byte
}

// Sign sets the headers of the webhook, including its signature.
func (w *Webhook) Sign(h http.Header, secret string) error {
	h.Set("Content-Type", "application/json")
	switch w.Platform {
	case "stripe":
		h.Set("Stripe-Signature", stripe.Sign(secret, w.At, w.Body))
	case "woocommerce":
		h.Set("X-Wc-Webhook-Signature", woocommerce.Sign(secret, w.Body))
		h.Set("X-Wc-Webhook-Topic", w.Topic)
		h.Set("X-Wc-Webhook-Id", "1")
		h.Set("X-Wc-Webhook-Delivery-Id", w.ID)
	case "mailerlite":
		h.Set("Signature", mailerlite.Sign(secret, w.Body))
	case "standard":
		signed, err := signature.SignStandard(secret, w.ID, w.At, w.Body)
		if err != nil {
			return err
		}
		h.Set("Webhook-Id", w.ID)
		h.Set("Webhook-Timestamp", signature.Timestamp(w.At))
		h.Set("Webhook-Signature", signed)
	default:
		return fmt.Errorf("sign webhook: unknown platform %q", w.Platform)
	}
	return nil
}
