package webhook

import (
	"encoding/json"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// object is data.object: a checkout session, invoice, invoice payment, charge,
// refund, dispute, subscription or customer.
type object struct {
	ID       string    `json:"id"`
	Livemode *bool     `json:"livemode"`
	Created  int64     `json:"created"`
	Status   string    `json:"status"`
	Customer reference `json:"customer"`

	// The possible places of an address.
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
	// Parent names the subscription from API version Basil on; earlier versions use the top level.
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

// subscription holds the fields of a subscription. From Basil on each item has the period.
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

// previous is data.previous_attributes: the former values of changed fields.
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

// metadata holds the seller's notes about the product.
type metadata struct {
	Product   string `json:"product"`
	Price     string `json:"price"`
	ProductID string `json:"product_id"`
	PriceID   string `json:"price_id"`
}

func (m *metadata) keys() []string { return []string{m.Product, m.Price, m.ProductID, m.PriceID} }

// reference names another object: by its id, or as the object itself when the endpoint expands
// references.
type reference struct{ ID, Email string }

// UnmarshalJSON reads an id or an expanded object. Any other value is ignored: unread events use
// the same fields for other types.
func (r *reference) UnmarshalJSON(b []byte) error {
	*r = reference{}
	switch b[0] {
	case '"':
		// An id has no escapes.
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
