package history

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/rodopath/rodopath/services/platforms/history"
)

// list is a list of the API.
type list struct {
	name, path string
	// object is the type of the objects.
	object string
	query  url.Values
	// byTime reports whether the list is selected by the creation of its objects.
	byTime bool
	// ofEvents reports whether the objects are events, which are told as they are.
	ofEvents bool
	// again reports whether the list is read for what changed since the reading began.
	again bool
	// optional reports whether a version of the API may lack the list.
	optional bool
	// without is a field that the events of the version do not have.
	without string
	// events are the events that tell an object, oldest first.
	events func(*object) []event
}

// Events are the types of the events that a source needs.
func Events() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
		"checkout.session.expired", "invoice.paid", "invoice_payment.paid", "charge.refunded", "refund.created",
		"refund.updated", "refund.failed", "credit_note.created", "credit_note.voided", "charge.dispute.created",
		"charge.dispute.closed", "customer.subscription.created", "customer.subscription.updated",
		"customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.deleted",
		"customer.created", "customer.updated",
	}
}

// typesAtOnce is how many types of events one list selects.
const typesAtOnce = 20

// eventLists are the lists of the events that the source needs.
func eventLists() []list {
	var out []list
	for types := range slices.Chunk(Events(), typesAtOnce) {
		out = append(out, list{
			name: "events", path: "/v1/events", byTime: true, ofEvents: true, query: url.Values{"types[]": types},
		})
	}
	return out
}

// againLists are the lists of what changed since the reading began.
func againLists() []list {
	out := eventLists()
	for i := range out {
		out[i].name, out[i].again, out[i].optional = "events since the import began", true, true
	}
	return out
}

// historyLists are the lists in the order of reading.
func historyLists() []list {
	return []list{
		{name: "customers", path: "/v1/customers", object: "customer", events: created("customer.created")},
		{
			name:   "subscriptions",
			path:   "/v1/subscriptions",
			object: "subscription",
			query:  url.Values{"status": {"all"}},
			events: subscribed,
		},
		{
			name: "checkout sessions", path: "/v1/checkout/sessions", object: "checkout.session", byTime: true, events: session,
			query: url.Values{"expand[]": {"data.line_items"}},
		},
		{
			name: "invoices", path: "/v1/invoices", object: "invoice", byTime: true, query: url.Values{"status": {"paid"}},
			events: func(o *object) []event { return []event{{"invoice.paid", first(o.Transitions.PaidAt, o.Created)}} },
		},
		{
			name:     "payments of invoices",
			path:     "/v1/invoice_payments",
			object:   "invoice_payment",
			query:    url.Values{"status": {"paid"}},
			optional: true,
			events: func(o *object) []event {
				return []event{{"invoice_payment.paid", first(o.Transitions.PaidAt, o.Created)}}
			},
		},
		{
			name:    "charges",
			path:    "/v1/charges",
			object:  "charge",
			byTime:  true,
			query:   url.Values{"expand[]": {"data.refunds"}},
			without: "refunds",
			events:  refunded,
		},
		{name: "refunds", path: "/v1/refunds", object: "refund", byTime: true, events: created("refund.created")},
		{name: "credit notes", path: "/v1/credit_notes", object: "credit_note", byTime: true, events: creditNote},
		{name: "disputes", path: "/v1/disputes", object: "dispute", byTime: true, events: disputed},
	}
}

// object is what the choice of an event needs of an object.
type object struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	Created       int64  `json:"created"`
	Livemode      bool   `json:"livemode"`
	Status        string `json:"status"`
	Mode          string `json:"mode"`
	PaymentStatus string `json:"payment_status"`
	EndedAt       int64  `json:"ended_at"`
	CanceledAt    int64  `json:"canceled_at"`
	TrialEnd      int64  `json:"trial_end"`
	VoidedAt      int64  `json:"voided_at"`
	Amount        int64  `json:"amount_refunded"`
	Transitions   struct {
		PaidAt int64 `json:"paid_at"`
	} `json:"status_transitions"`
	Refunds struct {
		Data []dated `json:"data"`
	} `json:"refunds"`
	Transactions []dated `json:"balance_transactions"`
	LineItems    struct {
		Data []struct {
			Price struct {
				ID      string `json:"id"`
				Product string `json:"product"`
			} `json:"price"`
		} `json:"data"`
	} `json:"line_items"`
}

// dated is a part of an object with a time.
type dated struct {
	Created int64 `json:"created"`
}

// event is the type and the time of an event.
type event struct {
	kind string
	at   int64
}

// body is the event as a webhook. The id follows from the content, so that a repeated event is one delivery.
func (e *event) body(o *object, raw json.RawMessage, without string) (json.RawMessage, error) {
	if without != "" {
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.kind, history.ErrNoObject)
		}
		delete(fields, without)
		var err error
		if raw, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("write the event: %w", err)
		}
	}
	sum := sha256.Sum256(append([]byte(e.kind), raw...))
	return json.Marshal(struct {
		ID       string `json:"id"`
		Object   string `json:"object"`
		Type     string `json:"type"`
		Created  int64  `json:"created"`
		Livemode bool   `json:"livemode"`
		Data     any    `json:"data"`
	}{
		"history_" + hex.EncodeToString(
			sum[:16],
		),
		"event",
		e.kind,
		e.at,
		o.Livemode,
		map[string]json.RawMessage{"object": raw},
	})
}

// created tells an object by an event of the time of its creation.
func created(kind string) func(*object) []event {
	return func(o *object) []event { return []event{{kind, o.Created}} }
}

// session tells a session that is over. The session does not tell when it was completed: it is open for a day.
func session(o *object) []event {
	switch o.Status {
	case "complete":
		return []event{{"checkout.session.completed", o.Created}}
	case "expired":
		return []event{{"checkout.session.expired", o.Created}}
	}
	return nil
}

// subscribed tells the present state of a subscription. A pause without a date began with the end of the trial.
func subscribed(o *object) []event {
	switch o.Status {
	case "canceled":
		return []event{{"customer.subscription.deleted", first(o.EndedAt, o.CanceledAt, o.Created)}}
	case "paused":
		return []event{{"customer.subscription.paused", first(o.TrialEnd, o.Created)}}
	}
	return []event{{"customer.subscription.created", o.Created}}
}

// refunded tells a charge of which money was returned, at the time of the last refund.
func refunded(o *object) []event {
	if o.Amount <= 0 {
		return nil
	}
	return []event{{"charge.refunded", latest(o.Created, o.Refunds.Data)}}
}

func creditNote(o *object) []event {
	if o.Status == "void" {
		return []event{{"credit_note.voided", first(o.VoidedAt, o.Created)}}
	}
	return []event{{"credit_note.created", o.Created}}
}

// disputed tells the opening of a dispute and, where it is over, its end: no earlier than the last movement of money.
func disputed(o *object) []event {
	out := []event{{"charge.dispute.created", o.Created}}
	switch o.Status {
	case "won", "lost", "warning_closed", "charge_refunded", "prevented":
		out = append(out, event{"charge.dispute.closed", latest(o.Created, o.Transactions) + 1})
	}
	return out
}

// first is the first time that is known.
func first(times ...int64) int64 {
	for _, t := range times {
		if t > 0 {
			return t
		}
	}
	return 0
}

// latest is the latest of the times of an object and its parts.
func latest(at int64, parts []dated) int64 {
	for _, p := range parts {
		at = max(at, p.Created)
	}
	return at
}

// products are the names of what a session sells once.
func (o *object) products() [][]string {
	if o.Mode != "payment" {
		return nil
	}
	var out [][]string
	for _, line := range o.LineItems.Data {
		switch p := line.Price; {
		case p.ID != "" && p.Product != "":
			out = append(out, []string{p.ID, p.Product})
		case p.ID != "":
			out = append(out, []string{p.ID})
		}
	}
	return out
}
