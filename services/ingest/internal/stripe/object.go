package stripe

import (
	"encoding/json"

	"github.com/rodopath/rodopath/services/ingest/internal/payload"
)

// object is data.object: a checkout session, invoice, invoice payment, charge,
// refund, dispute, subscription or customer.
type object struct {
	ID       string    `json:"id"`
	Livemode *bool     `json:"livemode"`
	Created  int64     `json:"created"`
	Status   string    `json:"status"`
	Customer reference `json:"customer"`

	// Where an address may stand.
	Email           string  `json:"email"`
	CustomerEmail   string  `json:"customer_email"`
	ReceiptEmail    string  `json:"receipt_email"`
	CustomerDetails contact `json:"customer_details"`
	BillingDetails  contact `json:"billing_details"`

	// Names of other records.
	PaymentIntent reference `json:"payment_intent"`
	Charge        reference `json:"charge"`
	Invoice       reference `json:"invoice"`
	Subscription  reference `json:"subscription"`
	PaymentLink   reference `json:"payment_link"`

	session
	invoice
	subscription

	Refunded       bool  `json:"refunded"`
	AmountRefunded int64 `json:"amount_refunded"`
	Refunds        struct {
		Data []refund `json:"data"`
	} `json:"refunds"`
}

type contact struct {
	Email  string            `json:"email"`
	TaxIDs []json.RawMessage `json:"tax_ids"`
}

// session holds the fields of a checkout session.
type session struct {
	Mode          string `json:"mode"`
	PaymentStatus string `json:"payment_status"`
	Consent       struct {
		Promotions string `json:"promotions"`
	} `json:"consent"`
	Metadata  metadata `json:"metadata"`
	LineItems struct {
		Data []line `json:"data"`
	} `json:"line_items"`
}

// invoice holds the fields of an invoice and of an invoice payment.
type invoice struct {
	Paid bool `json:"paid"`
	// Parent names the subscription from API version Basil on; before, it stood at
	// the top.
	Parent struct {
		SubscriptionDetails struct {
			Subscription reference `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"`
	Transitions struct {
		PaidAt int64 `json:"paid_at"`
	} `json:"status_transitions"`
	Lines struct {
		Data []line `json:"data"`
	} `json:"lines"`
	Payment struct {
		PaymentIntent reference `json:"payment_intent"`
		Charge        reference `json:"charge"`
	} `json:"payment"`
}

// subscription holds the fields of a subscription. From Basil on the period
// stands on each of its items.
type subscription struct {
	CancelAtPeriodEnd bool  `json:"cancel_at_period_end"`
	StartDate         int64 `json:"start_date"`
	EndedAt           int64 `json:"ended_at"`
	CanceledAt        int64 `json:"canceled_at"`
	CurrentPeriodEnd  int64 `json:"current_period_end"`
	Items             struct {
		Data []struct {
			CurrentPeriodEnd int64 `json:"current_period_end"`
		} `json:"data"`
	} `json:"items"`
}

type refund struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Status  string `json:"status"`
}

// previous is data.previous_attributes: what an update changed.
type previous struct {
	Status string          `json:"status"`
	Email  json.RawMessage `json:"email"`
}

// line is one line of an invoice or one item of a session. The price is an
// object, and only a name inside pricing from Basil on.
type line struct {
	Period struct {
		End int64 `json:"end"`
	} `json:"period"`
	Price   price `json:"price"`
	Pricing struct {
		Details price `json:"price_details"`
	} `json:"pricing"`
}

func (l *line) keys() []string {
	return []string{l.Price.ID, l.Price.Product.ID, l.Pricing.Details.Price.ID, l.Pricing.Details.Product.ID}
}

type price struct {
	ID      string    `json:"id"`
	Price   reference `json:"price"`
	Product reference `json:"product"`
}

// metadata is what the seller may have noted of what is sold.
type metadata struct {
	Product   string `json:"product"`
	Price     string `json:"price"`
	ProductID string `json:"product_id"`
	PriceID   string `json:"price_id"`
}

func (m *metadata) keys() []string { return []string{m.Product, m.Price, m.ProductID, m.PriceID} }

// reference names another object. Stripe writes its id, or the object itself
// when the endpoint's version expands it.
type reference struct{ ID, Email string }

// UnmarshalJSON reads an id or an expanded object. What is neither names
// nothing: many events we do not read use the same fields otherwise.
func (r *reference) UnmarshalJSON(b []byte) error {
	*r = reference{}
	switch b[0] {
	case '"':
		// An id needs no escapes, and what has them is no id.
		r.ID = payload.Name(string(b[1 : len(b)-1]))
	case '{':
		var o struct {
			ID    string `json:"id"`
			Email string `json:"email"`
		}
		if json.Unmarshal(b, &o) == nil {
			r.ID, r.Email = payload.Name(o.ID), o.Email
		}
	}
	return nil
}
