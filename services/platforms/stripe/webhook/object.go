package webhook

import (
	"cmp"
	"encoding/json"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// object is data.object: a checkout session, invoice, invoice payment, charge,
// refund, dispute, subscription or customer.
type object struct {
	ID       payload.Text   `json:"id"`
	Livemode livemode       `json:"livemode"`
	Created  payload.Number `json:"created"`
	Status   payload.Text   `json:"status"`
	Customer reference      `json:"customer"`

	// The possible places of an address.
	Email           payload.Text `json:"email"`
	CustomerEmail   payload.Text `json:"customer_email"`
	ReceiptEmail    payload.Text `json:"receipt_email"`
	CustomerDetails contact      `json:"customer_details"`
	BillingDetails  contact      `json:"billing_details"`

	// The possible places of a telephone number.
	Phone         payload.Optional `json:"phone"`
	CustomerPhone payload.Optional `json:"customer_phone"`

	// The buyer as an invoice states it, and the delivery of goods.
	CustomerAddress  address                       `json:"customer_address"`
	CustomerTaxIDs   payload.List[json.RawMessage] `json:"customer_tax_ids"`
	CustomerShipping contact                       `json:"customer_shipping"`
	ShippingDetails  contact                       `json:"shipping_details"`

	// Names of other records.
	PaymentIntent reference `json:"payment_intent"`
	Charge        reference `json:"charge"`
	Invoice       reference `json:"invoice"`
	Subscription  reference `json:"subscription"`
	PaymentLink   reference `json:"payment_link"`

	session
	invoice
	subscription

	Refunded       payload.Flag   `json:"refunded"`
	AmountRefunded payload.Number `json:"amount_refunded"`
	Refunds        struct {
		Data payload.List[refund] `json:"data"`
	} `json:"refunds"`
}

// livemode is the mode of an event or an object: live unless false is stated.
type livemode struct{ known, live bool }

// UnmarshalJSON never fails: a value that is no truth value leaves the mode unknown.
func (m *livemode) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", `"true"`, "1":
		*m = livemode{known: true, live: true}
	case "false", `"false"`, "0":
		*m = livemode{known: true}
	}
	return nil
}

type contact struct {
	Email  payload.Text                  `json:"email"`
	Phone  payload.Optional              `json:"phone"`
	TaxIDs payload.List[json.RawMessage] `json:"tax_ids"`
	// Address is the address of taxation.
	Address address `json:"address"`
}

// address is the country of an address.
type address struct {
	Country payload.Text `json:"country"`
}

// UnmarshalJSON never fails: what is no address names no country.
func (a *address) UnmarshalJSON(raw []byte) error {
	type plain address
	payload.Object(raw, (*plain)(a))
	return nil
}

// buyer returns what a session or an invoice states of its taxation.
func (o *object) buyer() ingest.Buyer {
	return ingest.Buyer{
		Country: string(cmp.Or(
			o.ShippingDetails.Address.Country, o.CustomerShipping.Address.Country,
			o.CustomerDetails.Address.Country, o.CustomerAddress.Country,
		)),
		Business: len(o.CustomerDetails.TaxIDs)+len(o.CustomerTaxIDs) > 0,
	}
}

// session holds the fields of a checkout session.
type session struct {
	Mode          payload.Text `json:"mode"`
	PaymentStatus payload.Text `json:"payment_status"`
	Consent       struct {
		Promotions payload.Text `json:"promotions"`
	} `json:"consent"`
	Metadata  metadata `json:"metadata"`
	LineItems struct {
		Data payload.List[line] `json:"data"`
	} `json:"line_items"`
}

// invoice holds the fields of an invoice and of an invoice payment.
type invoice struct {
	Paid  payload.Flag `json:"paid"`
	Total payload.Text `json:"total"`
	// Parent names the subscription from API version Basil on; earlier versions use the top level.
	Parent struct {
		SubscriptionDetails struct {
			Subscription reference `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"`
	Transitions struct {
		PaidAt payload.Number `json:"paid_at"`
	} `json:"status_transitions"`
	Lines struct {
		Data payload.List[line] `json:"data"`
	} `json:"lines"`
	Payment struct {
		PaymentIntent reference `json:"payment_intent"`
		Charge        reference `json:"charge"`
	} `json:"payment"`
}

// subscription holds the fields of a subscription. From Basil on each item has the period.
type subscription struct {
	CancelAtPeriodEnd payload.Flag   `json:"cancel_at_period_end"`
	StartDate         payload.Number `json:"start_date"`
	EndedAt           payload.Number `json:"ended_at"`
	CanceledAt        payload.Number `json:"canceled_at"`
	CurrentPeriodEnd  payload.Number `json:"current_period_end"`
	Items             struct {
		Data payload.List[period] `json:"data"`
	} `json:"items"`
}

// period is an item of a subscription.
type period struct {
	CurrentPeriodEnd payload.Number `json:"current_period_end"`
}

type refund struct {
	ID      payload.Text   `json:"id"`
	Created payload.Number `json:"created"`
	Status  payload.Text   `json:"status"`
}

// previous is data.previous_attributes: the former values of changed fields.
type previous struct {
	Status payload.Text    `json:"status"`
	Email  json.RawMessage `json:"email"`
}

// line is one line of an invoice or one item of a session. The price is an
// object, and only a name inside pricing from Basil on.
type line struct {
	Period struct {
		End payload.Number `json:"end"`
	} `json:"period"`
	Price   price `json:"price"`
	Pricing struct {
		Details price `json:"price_details"`
	} `json:"pricing"`
}

func (l *line) keys() []string {
	return []string{
		string(l.Price.ID), l.Price.Product.ID, l.Pricing.Details.Price.ID, l.Pricing.Details.Product.ID,
	}
}

type price struct {
	ID      payload.Text `json:"id"`
	Price   reference    `json:"price"`
	Product reference    `json:"product"`
}

// metadata holds the seller's notes about the product.
type metadata struct {
	Product   payload.Text `json:"product"`
	Price     payload.Text `json:"price"`
	ProductID payload.Text `json:"product_id"`
	PriceID   payload.Text `json:"price_id"`
}

func (m *metadata) keys() []string {
	return []string{string(m.Product), string(m.Price), string(m.ProductID), string(m.PriceID)}
}

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
			ID    payload.Text `json:"id"`
			Email payload.Text `json:"email"`
		}
		payload.Object(b, &o)
		r.ID, r.Email = payload.Name(string(o.ID)), string(o.Email)
	}
	return nil
}
