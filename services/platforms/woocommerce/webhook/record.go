package webhook

import (
	"encoding/json"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// record is the body of a webhook: an order, a subscription, a customer, or an error message. One
// struct holds the fields of all, so that the body is decoded once.
type record struct {
	ID       payload.Number `json:"id"`
	ParentID payload.Number `json:"parent_id"`
	Status   string         `json:"status"`

	CustomerID payload.Number `json:"customer_id"`
	CustomerIP string         `json:"customer_ip_address"`
	Email      string         `json:"email"`
	Billing    billing        `json:"billing"`

	Total         payload.Text `json:"total"`
	PaymentMethod payload.Text `json:"payment_method"`
	TransactionID payload.Text `json:"transaction_id"`
	BillingPeriod payload.Text `json:"billing_period"`
	LineItems     []item       `json:"line_items"`
	Refunds       []refund     `json:"refunds"`
	Meta          []meta       `json:"meta_data"`

	times

	// Code is set in an error message, and in a coupon, which also has an id.
	Code payload.Text `json:"code"`
}

// times appear twice: in UTC without a suffix, and in the zone of the shop.
type times struct {
	CreatedGMT   payload.Text `json:"date_created_gmt"`
	Created      payload.Text `json:"date_created"`
	ModifiedGMT  payload.Text `json:"date_modified_gmt"`
	Modified     payload.Text `json:"date_modified"`
	PaidGMT      payload.Text `json:"date_paid_gmt"`
	Paid         payload.Text `json:"date_paid"`
	CompletedGMT payload.Text `json:"date_completed_gmt"`
	Completed    payload.Text `json:"date_completed"`
	StartGMT     payload.Text `json:"start_date_gmt"`
	Start        payload.Text `json:"start_date"`
	EndGMT       payload.Text `json:"end_date_gmt"`
	End          payload.Text `json:"end_date"`
	CancelledGMT payload.Text `json:"cancelled_date_gmt"`
	Cancelled    payload.Text `json:"cancelled_date"`
}

type billing struct {
	Email string `json:"email"`
	// Company may hold any value of a plug-in, and never is a reason to refuse an order.
	Company value `json:"company"`
	// Phone and the names show whether an order without an address has a person.
	Phone     value `json:"phone"`
	FirstName value `json:"first_name"`
	LastName  value `json:"last_name"`
}

// UnmarshalJSON reads the address; "[]", PHP's empty object, is an empty address.
func (b *billing) UnmarshalJSON(raw []byte) error {
	type plain billing
	*b = billing{}
	if raw[0] == '[' {
		return nil
	}
	return json.Unmarshal(raw, (*plain)(b))
}

type item struct {
	ProductID   payload.Number `json:"product_id"`
	VariationID payload.Number `json:"variation_id"`
	SKU         payload.Text   `json:"sku"`
	Categories  []struct {
		ID   payload.Number `json:"id"`
		Slug payload.Text   `json:"slug"`
		Name payload.Text   `json:"name"`
	} `json:"categories"`
}

// keys names the product, most specific name first.
func (i *item) keys() []string {
	keys := []string{i.VariationID.Name(), string(i.SKU), i.ProductID.Name()}
	for _, c := range i.Categories {
		keys = append(keys, c.ID.Name(), string(c.Slug), string(c.Name))
	}
	return keys
}

type refund struct {
	ID    payload.Number `json:"id"`
	Total payload.Text   `json:"total"`
}

// meta is a plug-in's entry of a record, with an arbitrary value.
type meta struct {
	Key   payload.Text `json:"key"`
	Value value        `json:"value"`
}

// value is the value of an entry that is a text, a number or a boolean; larger values are ignored.
type value string

// UnmarshalJSON never fails.
func (v *value) UnmarshalJSON(raw []byte) error {
	var t payload.Text
	if t.UnmarshalJSON(raw) == nil {
		*v = value(t)
	}
	return nil
}

// note returns the value that a plugin left under a key.
func (r *record) note(key string) string {
	for i := range r.Meta {
		if string(r.Meta[i].Key) == key {
			return string(r.Meta[i].Value)
		}
	}
	return ""
}
