package historytest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// StripeKey and StripeTestKey are the keys that the stand-in of Stripe accepts.
const (
	StripeKey     = "rk_live_stand-in"
	StripeTestKey = "rk_test_stand-in"
)

// Account is a stand-in of a Stripe account: lists by their path, the newest object first.
type Account struct {
	faults
	things sync.Mutex
	lists  map[string][]Thing
}

// accountYears is the time in which all customers came: an object of the future would be dated by its arrival.
const accountYears = 5

// NewAccount generates customers with sessions, invoices, refunds, disputes and subscriptions.
func NewAccount(seed uint64, customers int) *Account {
	a := &Account{lists: map[string][]Thing{
		"events": {}, "customers": {}, "subscriptions": {}, "checkout/sessions": {}, "invoices": {}, "charges": {},
		"refunds": {}, "credit_notes": {}, "disputes": {},
	}}
	random := rand.New(rand.NewPCG(seed, 2))
	begin := time.Date(2020, 5, 1, 9, 0, 0, 0, time.UTC).Unix()
	pause := min(40_000, accountYears*365*24*3600/int64(max(customers, 1)))
	for n := range customers {
		at := begin + int64(n)*pause
		customer, email := fmt.Sprintf("cus_%d", n), fmt.Sprintf("buyer%d@example.com", n)
		a.add("customers", Thing{"id": customer, "object": "customer", "created": at, "email": email, "livemode": true})
		charge, intent := fmt.Sprintf("ch_%d", n), fmt.Sprintf("pi_%d", n)
		status := []string{"complete", "complete", "complete", "expired", "open"}[random.IntN(5)]
		a.add("checkout/sessions", Thing{
			"id": fmt.Sprintf("cs_%d", n), "object": "checkout.session", "created": at + 60, "livemode": true, "status": status,
			"mode": "payment", "payment_status": map[bool]string{true: "paid", false: "unpaid"}[status == "complete"],
			"customer": customer, "customer_details": Thing{"email": email}, "payment_intent": intent,
			"metadata":   Thing{"product": "course"},
			"line_items": Thing{"data": []Thing{{"price": Thing{"id": "price_1", "product": "prod_1"}}}},
		})
		if status != "complete" {
			continue
		}
		a.paid(random, n, at, customer, email, charge, intent)
	}
	return a
}

// paid adds what follows a payment.
func (a *Account) paid(random *rand.Rand, n int, at int64, customer, email, charge, intent string) {
	c := Thing{
		"id":              charge,
		"object":          "charge",
		"created":         at + 90,
		"livemode":        true,
		"customer":        customer,
		"payment_intent":  intent,
		"amount_refunded": int64(0),
		"refunded":        false,
		"billing_details": Thing{"email": email},
	}
	if random.IntN(5) == 0 {
		refund := Thing{
			"id": fmt.Sprintf(
				"re_%d",
				n,
			),
			"object":         "refund",
			"created":        at + 90_000,
			"status":         "succeeded",
			"charge":         charge,
			"payment_intent": intent,
		}
		a.add("refunds", refund)
		c["amount_refunded"], c["refunded"], c["refunds"] = int64(4900), true, Thing{"data": []Thing{refund}}
	}
	a.add("charges", c)
	if random.IntN(12) == 0 {
		a.add("disputes", Thing{
			"id": fmt.Sprintf("dp_%d", n), "object": "dispute", "created": at + 500_000, "livemode": true, "charge": charge,
			"payment_intent": intent, "status": []string{"needs_response", "lost", "won"}[random.IntN(3)],
			"balance_transactions": []Thing{{"created": at + 500_100}},
		})
	}
	if random.IntN(4) == 0 {
		subscription := fmt.Sprintf("sub_%d", n)
		status := []string{"active", "canceled", "trialing", "past_due"}[random.IntN(4)]
		a.add("subscriptions", Thing{
			"id":          subscription,
			"object":      "subscription",
			"created":     at + 100,
			"start_date":  at + 100,
			"livemode":    true,
			"customer":    customer,
			"status":      status,
			"ended_at":    at + 8_000_000,
			"canceled_at": at + 8_000_000,
		})
		a.add("invoices", Thing{
			"id": fmt.Sprintf(
				"in_%d",
				n,
			),
			"object":             "invoice",
			"created":            at + 100,
			"livemode":           true,
			"customer":           customer,
			"customer_email":     email,
			"status":             "paid",
			"paid":               true,
			"total":              int64(900),
			"status_transitions": Thing{"paid_at": at + 120},
			"parent":             Thing{"subscription_details": Thing{"subscription": subscription}},
			"lines":              Thing{"data": []Thing{{"period": Thing{"end": at + 2_700_000}}}},
		})
		if random.IntN(3) == 0 {
			a.add("credit_notes", Thing{
				"id": fmt.Sprintf("cn_%d", n), "object": "credit_note", "created": at + 200, "livemode": true, "customer": customer,
				"invoice": fmt.Sprintf("in_%d", n), "status": []string{"issued", "void"}[random.IntN(2)], "voided_at": at + 900,
			})
		}
	}
}

func (a *Account) add(list string, t Thing) { a.lists[list] = append([]Thing{t}, a.lists[list]...) }

// Each visits every object with the name of its list.
func (a *Account) Each(visit func(list string, t Thing)) {
	for list, things := range a.lists {
		for _, t := range things {
			visit(list, t)
		}
	}
}

// Event adds an object and its event of now, and returns the event.
func (a *Account) Event(list, kind string, object Thing) Thing {
	at := a.time().Unix()
	a.things.Lock()
	defer a.things.Unlock()
	e := Thing{
		"id": fmt.Sprintf("evt_%d", len(a.lists["events"])), "object": "event", "type": kind, "created": at,
		"livemode": true, "data": Thing{"object": object},
	}
	a.add("events", e)
	if list != "" {
		a.add(list, object)
	}
	return e
}

// Forget forgets the events before an instant, as Stripe does after 30 days.
func (a *Account) Forget(before time.Time) {
	a.things.Lock()
	defer a.things.Unlock()
	a.lists["events"] = slices.DeleteFunc(a.lists["events"], func(t Thing) bool {
		return t["created"].(int64) < before.Unix()
	})
}

// chosen are the things of a query.
func chosen(things []Thing, r *http.Request) []Thing {
	q := r.URL.Query()
	return slices.DeleteFunc(slices.Clone(things), func(t Thing) bool {
		at, _ := t["created"].(int64)
		kind, _ := t["type"].(string)
		return q.Has("types[]") && !slices.Contains(q["types[]"], kind) ||
			q.Has("created[gte]") && at < int64(number(r, "created[gte]")) ||
			q.Has("created[lte]") && at > int64(number(r, "created[lte]"))
	})
}

// DeleteCustomer deletes a customer: the id is no cursor afterwards.
func (a *Account) DeleteCustomer(id string) {
	a.things.Lock()
	defer a.things.Unlock()
	a.lists["customers"] = slices.DeleteFunc(a.lists["customers"], func(t Thing) bool { return t["id"] == id })
}

// Handler is the API of the account, without the payments of invoices.
func (a *Account) Handler() http.Handler {
	return a.wrap(func(w http.ResponseWriter, r *http.Request) {
		a.things.Lock()
		defer a.things.Unlock()
		things, ok := a.lists[r.URL.Path[min(len("/v1/"), len(r.URL.Path)):]]
		switch {
		case !slices.Contains([]string{"Bearer " + StripeKey, "Bearer " + StripeTestKey}, r.Header.Get("Authorization")):
			http.Error(w, `{"error":{"type":"invalid_request_error"}}`, http.StatusUnauthorized)
			return
		case strings.HasPrefix(r.URL.Path, "/v1/webhook_endpoints"):
			a.Hooks.serveStripe(w, r)
			return
		case !ok:
			http.Error(w, `{"error":{"type":"invalid_request_error"}}`, http.StatusNotFound)
			return
		}
		things = chosen(things, r)
		first := 0
		if after := r.URL.Query().Get("starting_after"); after != "" {
			first = slices.IndexFunc(things, func(t Thing) bool { return t["id"] == after }) + 1
			if first == 0 {
				http.Error(w, `{"error":{"code":"resource_missing"}}`, http.StatusBadRequest)
				return
			}
		}
		last := min(first+number(r, "limit"), len(things))
		_ = json.NewEncoder(w).Encode(Thing{"data": things[first:last], "has_more": last < len(things)}) // of a test
	})
}
