package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/rodopath/rodopath/services/platforms/sender"
)

// object is a JSON object.
type object = map[string]any

// The platforms, which are also the ids of the sources.
const (
	platformStripe      = "stripe"
	platformWooCommerce = "woocommerce"
	platformMailerLite  = "mailerlite"
	platformStandard    = "standard"
)

// ref names a record or a request of the person.
func (t *builder) ref(what string) string { return fmt.Sprintf("%s-%d", what, t.Number) }

// send adds a webhook with a number of facts.
func (t *builder) send(platform, topic string, facts int, body object) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // the body is constant
	}
	t.Facts += facts
	t.Webhooks = append(
		t.Webhooks,
		Webhook{Platform: platform, Once: platform == platformWooCommerce, body: data, topic: topic},
	)
}

// standard adds a fact of the platform "standard".
func (t *builder) standard(kind string, minutes int, more object) {
	body := object{"kind": kind, "at": t.at(minutes).Format(time.RFC3339), "person": object{"email": email(t.Number)}}
	maps.Copy(body, more)
	t.send(platformStandard, "", 1, body)
}

// signUp subscribes to the newsletter, by either way.
func (t *builder) signUp() {
	if t.rng.IntN(2) == 0 {
		t.standard("signup", 0, nil)
		return
	}
	t.member(0, "created", "active")
}

func (t *builder) unsubscribe(minutes int) {
	if t.rng.IntN(2) == 0 {
		t.standard("unsubscribe", minutes, nil)
		return
	}
	t.member(minutes, "unsubscribed", "unsubscribed")
}

// member adds a subscriber in MailerLite's format.
func (t *builder) member(minutes int, event, status string) {
	const layout = "2006-01-02T15:04:05.000000Z"
	at := t.at(minutes).Format(layout)
	m := object{
		"event": "subscriber." + event, "account_id": 1,
		"id": strconv.Itoa(100000 + t.Number), "email": email(t.Number), "status": status, "source": "form",
		"subscribed_at": t.at(0).Format(layout), "created_at": t.at(0).Format(layout), "updated_at": at,
		"opted_in_at": nil, "optin_ip": nil, "unsubscribed_at": nil,
	}
	facts := 2 // a sign-up, and the observation that the person is on the list
	if status == "unsubscribed" {
		m["unsubscribed_at"], facts = at, 1
	}
	t.send(platformMailerLite, "", facts, m)
}

// buy buys something that is delivered at once, by Stripe or in our own words.
func (t *builder) buy(minutes int) {
	if t.rng.IntN(2) == 0 {
		t.sale(minutes)
		return
	}
	t.event(minutes, "checkout.session.completed", 1, object{
		"id": fmt.Sprintf("cs_%d", t.Number), "object": "checkout.session", "mode": "payment", "payment_status": "paid",
		"customer": fmt.Sprintf("cus_%d", t.Number), "customer_details": object{"email": email(t.Number)},
		"payment_intent": fmt.Sprintf("pi_%d", t.Number),
	})
}

// sale is a sale in our own words.
func (t *builder) sale(minutes int) {
	t.standard("sale", minutes, object{"ref": t.ref("order"), "access": "one_off"})
}

// refund gives everything back, by the way of the sale.
func (t *builder) refund(minutes int) {
	if t.Webhooks[0].Platform == platformStandard {
		t.standard("refund", minutes, object{"ref": t.ref("order"), "full": true})
		return
	}
	at := t.at(minutes).Unix()
	t.event(minutes, "charge.refunded", 2, object{ // a refund, and its state
		"id":              fmt.Sprintf("ch_%d", t.Number),
		"object":          "charge",
		"customer":        fmt.Sprintf("cus_%d", t.Number),
		"payment_intent":  fmt.Sprintf("pi_%d", t.Number),
		"amount":          9900,
		"amount_refunded": 9900,
		"refunded":        true,
		"refunds": object{
			"data": []object{
				{"id": fmt.Sprintf("re_%d", t.Number), "object": "refund", "amount": 9900, "status": "succeeded", "created": at},
			},
		},
	})
}

// event is an event of Stripe with a number of facts.
func (t *builder) event(minutes int, kind string, facts int, data object) {
	t.send(platformStripe, "", facts, object{
		"id": fmt.Sprintf("evt_%d_%d", t.Number, minutes), "object": "event", "type": kind,
		"created": t.at(minutes).Unix(), "livemode": true, "data": object{"object": data},
	})
}

// order adds a paid and completed order of WooCommerce: a sale, its performance, the state of the order and
// the state of what is sold.
func (t *builder) order(minutes int) {
	const layout = "2006-01-02T15:04:05"
	at, done := t.at(minutes).Format(layout), t.at(minutes+5).Format(layout)
	t.send(platformWooCommerce, "order.updated", 4, object{
		"id": t.Number, "status": "completed", "customer_id": 0, "total": "99.00", "currency": "PLN",
		"date_created_gmt": at, "date_modified_gmt": done, "date_paid_gmt": at, "date_completed_gmt": done,
		"billing":    object{"email": email(t.Number), "first_name": "P"},
		"line_items": []object{{"id": 1, "product_id": 7, "sku": "ebook", "quantity": 1}},
		"meta_data":  []object{}, "refunds": []object{},
	})
}

// sign signs a webhook by the scheme of its platform. id identifies the delivery.
func (w *Webhook) sign(h http.Header, secret, id string, now time.Time) error {
	s := sender.Webhook{Platform: w.Platform, ID: id, Topic: w.topic, At: now, Body: w.body}
	return s.Sign(h, secret)
}
