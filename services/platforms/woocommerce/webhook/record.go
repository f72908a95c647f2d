package webhook

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// record is the body of a webhook: an order, a subscription, a customer, or an error message. One
// struct holds the fields of all, so that the body is decoded once.
type record struct {
	ID       payload.Number `json:"id"`
	ParentID payload.Number `json:"parent_id"`
	Status   payload.Text   `json:"status"`

	CustomerID payload.Number `json:"customer_id"`
	CustomerIP payload.Text   `json:"customer_ip_address"`
	Email      payload.Text   `json:"email"`
	Role       payload.Text   `json:"role"`
	Billing    contact        `json:"billing"`
	Shipping   contact        `json:"shipping"`

	Total         payload.Text          `json:"total"`
	PaymentMethod payload.Text          `json:"payment_method"`
	TransactionID payload.Text          `json:"transaction_id"`
	BillingPeriod payload.Text          `json:"billing_period"`
	CreatedVia    payload.Text          `json:"created_via"`
	LineItems     payload.List[item]    `json:"line_items"`
	TaxLines      payload.List[taxLine] `json:"tax_lines"`
	Refunds       payload.List[refund]  `json:"refunds"`
	Meta          notes                 `json:"meta_data"`

	times

	// Code is set in an error message, and in a coupon, which also has an id.
	Code payload.Text `json:"code"`
	// Errors is the error message of the Legacy REST API, and the next fields are its records.
	Errors         present `json:"errors"`
	LegacyOrder    present `json:"order"`
	LegacyCustomer present `json:"customer"`
}

// present reports whether a field holds an object or a list with content.
type present bool

// UnmarshalJSON never fails.
func (p *present) UnmarshalJSON(raw []byte) error {
	for range payload.Entries(raw) {
		*p = true
		break
	}
	return nil
}

// times appear twice: in UTC without a suffix, and in the zone of the shop.
type times struct {
	CreatedGMT   payload.Moment `json:"date_created_gmt"`
	Created      payload.Moment `json:"date_created"`
	ModifiedGMT  payload.Moment `json:"date_modified_gmt"`
	Modified     payload.Moment `json:"date_modified"`
	PaidGMT      payload.Moment `json:"date_paid_gmt"`
	Paid         payload.Moment `json:"date_paid"`
	CompletedGMT payload.Moment `json:"date_completed_gmt"`
	Completed    payload.Moment `json:"date_completed"`
	StartGMT     payload.Moment `json:"start_date_gmt"`
	Start        payload.Moment `json:"start_date"`
	EndGMT       payload.Moment `json:"end_date_gmt"`
	End          payload.Moment `json:"end_date"`
	CancelledGMT payload.Moment `json:"cancelled_date_gmt"`
	Cancelled    payload.Moment `json:"cancelled_date"`
}

// contact is the address of a bill or of a delivery.
type contact struct {
	Email   payload.Text `json:"email"`
	Company payload.Text `json:"company"`
	// Phone, the names and the address show whether an order without an e-mail address has a person.
	Phone     payload.Optional `json:"phone"`
	FirstName payload.Text     `json:"first_name"`
	LastName  payload.Text     `json:"last_name"`
	Street    payload.Text     `json:"address_1"`
	// Country is the country of taxation. A shop states its own country for a buyer without an address.
	Country payload.Text `json:"country"`

	// Unread reports whether the shop sent a text in place of the address.
	Unread bool `json:"-"`
}

// UnmarshalJSON never fails: PHP writes an empty address as a list or an empty text.
func (c *contact) UnmarshalJSON(raw []byte) error {
	type plain contact
	payload.Object(raw, (*plain)(c))
	var text payload.Text
	_ = text.UnmarshalJSON(raw) // never fails
	c.Unread = *c == contact{} && strings.ContainsFunc(string(text), unicode.IsLetter)
	return nil
}

// isEmpty reports whether the address names nobody.
func (c *contact) isEmpty() bool {
	return c.Email+c.Phone.Text+c.FirstName+c.LastName+c.Company+c.Street == ""
}

// taxLine is a tax that was charged. The code of its rate begins with the country: "DE-VAT-1".
type taxLine struct {
	RateCode payload.Text `json:"rate_code"`
}

// buyer returns what the order states of its taxation. Goods are taxed where they are delivered.
func (r *record) buyer(business bool) ingest.Buyer {
	out := ingest.Buyer{Country: string(cmp.Or(r.Shipping.Country, r.Billing.Country)), Business: business}
	for _, line := range r.TaxLines {
		country, _, _ := strings.Cut(string(line.RateCode), "-")
		out.Taxed = append(out.Taxed, country)
	}
	return out
}

type item struct {
	ID          payload.Number         `json:"id"`
	ProductID   payload.Number         `json:"product_id"`
	VariationID payload.Number         `json:"variation_id"`
	SKU         payload.Text           `json:"sku"`
	Categories  payload.List[category] `json:"categories"`
}

// UnmarshalJSON never fails.
func (i *item) UnmarshalJSON(raw []byte) error {
	type plain item
	payload.Object(raw, (*plain)(i))
	return nil
}

type category struct {
	ID   payload.Number `json:"id"`
	Slug payload.Text   `json:"slug"`
	Name payload.Text   `json:"name"`
}

// UnmarshalJSON never fails.
func (c *category) UnmarshalJSON(raw []byte) error {
	type plain category
	payload.Object(raw, (*plain)(c))
	return nil
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
	// The time is that of a history: the refunds of a webhook have none.
	CreatedGMT payload.Moment `json:"date_created_gmt"`
	Created    payload.Moment `json:"date_created"`
}

// UnmarshalJSON never fails.
func (r *refund) UnmarshalJSON(raw []byte) error {
	type plain refund
	payload.Object(raw, (*plain)(r))
	return nil
}

// notes are the entries that plug-ins left on a record, by key; the first entry of a key counts. Of a
// box that is ticked in one entry and not in another the unticked entry counts.
type notes map[string]payload.Text

// note is one entry of meta_data: an id, a key and a value of any type.
type note struct {
	Key   payload.Text `json:"key"`
	Value payload.Text `json:"value"`
}

// UnmarshalJSON never fails. A list, an object of entries and an object of values by key are read.
func (n *notes) UnmarshalJSON(raw []byte) error {
	*n = notes{}
	for name, element := range payload.Entries(raw) {
		var entry note
		if element[0] == '{' || element[0] == '[' {
			payload.Object(element, &entry)
		} else if raw[0] == '{' {
			entry.Key = payload.Text(name)
			_ = entry.Value.UnmarshalJSON(element) // never fails
		}
		first, known := (*n)[string(entry.Key)]
		unticked := known && first.True() && !entry.Value.True()
		if entry.Key != "" && (!known || unticked) {
			(*n)[string(entry.Key)] = entry.Value
		}
	}
	return nil
}
