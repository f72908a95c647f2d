// Package demo sends the webhooks of an invented small business: what its platforms
// would have sent over the years. It prints the decisions that follow.
package demo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// webhook is one request of a platform.
type webhook struct {
	// day is when it happened.
	day time.Time
	// platform is the sender; topic is WooCommerce's name of the event.
	platform, topic string
	// text describes the event, for the reader.
	text string
	body any
}

// object is a JSON object.
type object = map[string]any

// business is the invented business in one run of the demo. The first run on a data directory uses plain addresses,
// so that the commands of the documentation find its people; a later run has addresses
// and ids of its own.
type business struct {
	// run is a part of every id of this run.
	run string
	// number counts the runs on a data directory, from 1.
	number int
	// base is below the numbers of orders, far above those of a real shop.
	base int
	now  time.Time
}

const (
	firstOrder   = 900_000_000
	ordersPerRun = 100
)

func newBusiness(number int, now time.Time) *business {
	return &business{
		run:    fmt.Sprintf("demo%d", number),
		number: number,
		base:   firstOrder + ordersPerRun*number,
		now:    now.UTC(),
	}
}

// email is ala@example.com in the first run and ala-2@example.com in the second.
func (s *business) email(name string) string {
	if s.number > 1 {
		name = fmt.Sprintf("%s-%d", name, s.number)
	}
	return name + "@example.com"
}

func (s *business) emails() []string {
	var all []string
	for _, name := range s.people() {
		all = append(all, s.email(name))
	}
	return all
}

func (s *business) ago(days int) time.Time { return s.now.AddDate(0, 0, -days).Truncate(time.Second) }

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 10, 0, 0, 0, time.UTC) }

// people are the persons of the run, in the order of the summary.
func (s *business) people() []string {
	return []string{"ala", "bartek", "celina", "dawid", "ewa", "filip", "grazyna", "hubert"}
}

// webhooks lists all webhooks, oldest first.
func (s *business) webhooks() []webhook {
	return append(s.past(), s.present()...)
}

// past is what happened before this year.
func (s *business) past() []webhook {
	return []webhook{
		s.signup(
			date(2019, 3, 4),
			"celina",
			"Celina fills in the form of the shop: she consents to the newsletter and to offers by e-mail",
		),
		s.subscriber(date(2019, 3, 4), "celina", "created", "active", "MailerLite lists Celina as a subscriber"),
		s.order(date(2019, 5, 6), "celina", 1, "completed", "ebook", "Celina buys an e-book"),
		s.subscriber(
			date(2021, 2, 1),
			"celina",
			"unsubscribed",
			"unsubscribed",
			"Celina unsubscribes. By now every basis for these data has lapsed, year by year",
		),
		s.order(
			date(2021, 9, 14),
			"bartek",
			2,
			"completed",
			"ebook",
			"Bartek buys as a guest and gives no consent. His invoice is kept for the tax office",
		),
		s.signup(
			date(2023, 4, 2),
			"ala",
			"Ala fills in the form of the shop: she consents to the newsletter and to offers by e-mail",
		),
		s.subscriber(date(2023, 4, 2), "ala", "created", "active", "MailerLite lists Ala as a subscriber"),
		s.order(date(2024, 1, 10), "ala", 3, "completed", "demo-course", "Ala buys a course without an end of access"),
		s.draft(date(2024, 6, 1)),
		s.order(
			date(2025, 6, 20),
			"ala",
			4,
			"pending",
			"ebook",
			"Ala begins an order and does not pay: no contract, and the order is erased 90 days later",
		),
		s.checkout(
			date(2025, 8, 1),
			"dawid",
			"subscription",
			"Dawid takes out a subscription and gives no consent: he may be asked for consent",
		),
		s.invoice(date(2025, 8, 1), "dawid", 1, "Dawid's first invoice"),
		s.invoice(date(2025, 9, 1), "dawid", 2, "Dawid's second invoice"),
		s.subscription(
			date(2025, 9, 10),
			"dawid",
			"customer.subscription.updated",
			"Dawid cancels for the end of the paid period: the contract continues until then",
		),
		s.subscription(
			date(2025, 10, 1),
			"dawid",
			"customer.subscription.deleted",
			"The paid period ends, and with it Dawid's contract",
		),
	}
}

// present is this year.
func (s *business) present() []webhook {
	return []webhook{
		s.fact(
			s.ago(250),
			"filip",
			object{"kind": "negotiation_opened", "ref": "talk-1-" + s.run},
			"Filip asks for an offer and never answers: after six months the notes must be erased",
		),
		s.subscriber(
			s.ago(20),
			"ewa",
			"created",
			"unconfirmed",
			"Ewa signs up and never confirms: this is no consent, and the address is erased after a week",
		),
		s.fact(
			s.ago(10),
			"grazyna",
			object{"kind": "webinar", "ref": "webinar-" + s.run, "event_at": s.ago(-7).Format(time.RFC3339)},
			"Grażyna registers for a webinar: the registration is no consent to a newsletter",
		),
		s.checkout(s.ago(9), "hubert", "payment", "Hubert buys without consent to offers: he may be asked for consent, once"),
		s.refund(s.ago(6), "hubert", "Hubert is refunded one half: the correction of the invoice is kept too"),
		s.fact(
			s.ago(3),
			"hubert",
			object{"kind": "refusal", "purposes": []string{"offers"}, "channels": []string{"email"}},
			"Hubert was asked at the checkout and refused: no further question follows",
		),
		s.checkout(s.ago(2), "hubert", "payment-2", "Hubert buys again: no question follows"),
		s.subscriber(
			s.ago(1),
			"ala",
			"unsubscribed",
			"unsubscribed",
			"Ala unsubscribes: marketing ends at once, the course and the invoice stay",
		),
		s.fact(
			s.ago(0),
			"bartek",
			object{"kind": "erasure"},
			"Bartek requests erasure: the documents of the tax law stay, all other data are erased",
		),
	}
}

// signup is a consent with its evidence, as a form of the business reports the consent.
func (s *business) signup(day time.Time, who, text string) webhook {
	return s.fact(day, who, object{
		"kind": "signup", "wording": "newsletter-offers", "channels": []string{"email"},
		"evidence": object{"form": "footer", "double_opt_in": day.Add(10 * time.Minute).Format(time.RFC3339)},
	}, text)
}

func (s *business) subscriber(day time.Time, who, event, status, text string) webhook {
	return webhook{day: day, platform: "mailerlite", text: text, body: s.member(day, who, status, object{
		"event": "subscriber." + event, "account_id": 1,
	})}
}

// member is a subscriber as MailerLite describes one.
func (s *business) member(day time.Time, who, status string, more object) object {
	at := day.Format("2006-01-02T15:04:05.000000Z")
	m := object{
		"id": fmt.Sprintf(
			"%d%02d",
			s.base,
			1+slices.Index(s.people(), who),
		),
		"email":           s.email(who),
		"status":          status,
		"source":          "form",
		"subscribed_at":   at,
		"created_at":      at,
		"updated_at":      at,
		"opted_in_at":     nil,
		"optin_ip":        nil,
		"unsubscribed_at": nil,
	}
	switch status {
	case "active":
		m["opted_in_at"] = at
	case "unsubscribed":
		m["unsubscribed_at"] = at
	case "unconfirmed":
		m["subscribed_at"] = nil
	}
	maps.Copy(m, more)
	return m
}

const wooTime = "2006-01-02T15:04:05"

func (s *business) order(day time.Time, who string, n int, status, sku, text string) webhook {
	var paid, completed any
	if status == "completed" {
		paid, completed = day.Format(wooTime), day.Add(time.Hour).Format(wooTime)
	}
	return webhook{day: day, platform: "woocommerce", topic: "order.updated", text: text, body: object{
		"id": s.base + n, "status": status, "customer_id": 0, "total": "99.00", "currency": "PLN",
		"date_created_gmt": day.Format(wooTime), "date_modified_gmt": day.Add(time.Hour).Format(wooTime),
		"date_paid_gmt": paid, "date_completed_gmt": completed,
		"billing":    object{"email": s.email(who), "first_name": who},
		"line_items": []object{{"id": 1, "product_id": 7, "sku": sku, "quantity": 1}},
		"meta_data":  []object{}, "refunds": []object{},
	}}
}

func (s *business) draft(day time.Time) webhook {
	c := s.order(
		day,
		"nobody",
		9,
		"checkout-draft",
		"ebook",
		"A visitor fills a basket: a draft order is no contract and gives no fact",
	)
	return c
}

func (s *business) stripe(day time.Time, kind, text string, data object) webhook {
	return webhook{day: day, platform: "stripe", text: text, body: object{
		"id": fmt.Sprintf(
			"evt_%s_%s_%d",
			s.run,
			strings.ReplaceAll(kind, ".", "_"),
			day.Unix(),
		),
		"object":   "event",
		"type":     kind,
		"created":  day.Unix(),
		"livemode": true,
		"data":     object{"object": data},
	}}
}

func (s *business) customer(who string) string { return "cus_" + who + s.run }

func (s *business) checkout(day time.Time, who, mode, text string) webhook {
	data := object{
		"id": fmt.Sprintf(
			"cs_%s_%s_%s",
			who,
			mode,
			s.run,
		),
		"object":           "checkout.session",
		"mode":             "payment",
		"payment_status":   "paid",
		"customer":         s.customer(who),
		"customer_details": object{"email": s.email(who)},
		"payment_intent":   fmt.Sprintf("pi_%s_%s_%s", who, mode, s.run),
	}
	if mode == "subscription" {
		data["mode"], data["payment_intent"] = mode, nil
		data["subscription"], data["invoice"] = "sub_"+who+s.run, fmt.Sprintf("in_%s_%s_%d", who, s.run, 1)
	}
	return s.stripe(day, "checkout.session.completed", text, data)
}

func (s *business) invoice(day time.Time, who string, n int, text string) webhook {
	return s.stripe(day, "invoice.paid", text, object{
		"id": fmt.Sprintf(
			"in_%s_%s_%d",
			who,
			s.run,
			n,
		),
		"object":             "invoice",
		"customer":           s.customer(who),
		"customer_email":     s.email(who),
		"amount_paid":        4900,
		"billing_reason":     "subscription_cycle",
		"status_transitions": object{"paid_at": day.Unix()},
		"parent":             object{"subscription_details": object{"subscription": "sub_" + who + s.run}},
		"lines": object{
			"data": []object{{"period": object{"start": day.Unix(), "end": day.AddDate(0, 1, 0).Unix()}}},
		},
	})
}

func (s *business) subscription(day time.Time, who, kind, text string) webhook {
	data := object{
		"id": "sub_" + who + s.run, "object": "subscription", "customer": s.customer(who), "status": "active",
		"cancel_at_period_end": true, "start_date": date(2025, 8, 1).Unix(),
	}
	if kind == "customer.subscription.deleted" {
		data["status"], data["ended_at"] = "canceled", day.Unix()
	}
	return s.stripe(day, kind, text, data)
}

func (s *business) refund(day time.Time, who, text string) webhook {
	return s.stripe(day, "charge.refunded", text, object{
		"id":              "ch_" + who + s.run,
		"object":          "charge",
		"customer":        s.customer(who),
		"payment_intent":  fmt.Sprintf("pi_%s_payment_%s", who, s.run),
		"amount":          9900,
		"amount_refunded": 4950,
		"refunded":        false,
		"refunds": object{
			"data": []object{
				{"id": "re_" + who + s.run, "object": "refund", "amount": 4950, "status": "succeeded", "created": day.Unix()},
			},
		},
	})
}

func (s *business) fact(day time.Time, who string, f object, text string) webhook {
	f["at"], f["person"] = day.Format(time.RFC3339), object{"email": s.email(who)}
	return webhook{day: day, platform: "standard", text: text, body: f}
}

// encode returns the body. at marks the webhook as one of this run, where the platform names no delivery: the streams
// know a delivery again for some minutes, and the demo may run again after its persons were removed.
func (c *webhook) encode(at time.Time) ([]byte, error) {
	body, ok := c.body.(object)
	if ok && c.platform != "standard" {
		body = maps.Clone(body)
		body["demo_run"] = at.UnixNano()
		if c.platform == "stripe" {
			body["id"] = fmt.Sprintf("%v_%d", body["id"], at.Unix())
		}
		return json.Marshal(body)
	}
	return json.Marshal(c.body)
}
