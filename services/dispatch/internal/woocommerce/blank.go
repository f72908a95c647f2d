package woocommerce

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// change is the body of PUT /orders/:id that empties an order, or nil when it is empty.
//
// Addresses go as notes of their inner names, such as _billing_email, which WooCommerce
// hands to the field of that name (WC_Data::update_meta_data, is_internal_meta_key). To
// send billing and shipping as they are documented would have the shop work out all totals
// and taxes anew, at the rates of today and for an address that is gone
// (WC_REST_Orders_Controller::save_object, woocommerce/woocommerce#20137, and what comes of
// it #30365): an order's amounts must stay. In the same way
// the IP address and the browser go, which the documented fields cannot change.
func (o *order) change() map[string]any {
	var notes []meta
	for _, side := range []struct {
		name   string
		fields fields
	}{{"billing", o.Billing}, {"shipping", o.Shipping}} {
		for _, field := range slices.Sorted(maps.Keys(side.fields)) {
			if side.fields[field] != "" {
				notes = append(notes, empty("_"+side.name+"_"+field))
			}
		}
	}
	if o.traces() {
		notes = append(notes, empty("_customer_ip_address"), empty("_customer_user_agent"))
	}
	for _, m := range o.Meta {
		if personal(m.Key) {
			notes = append(notes, meta{ID: m.ID, Key: m.Key, Value: json.RawMessage("null")})
		}
	}
	if len(notes) == 0 && o.Note == "" && o.TransactionID == "" && o.CustomerID == 0 {
		return nil
	}
	// WooCommerce's eraser marks an order so.
	notes = append(notes, meta{Key: "_anonymized", Value: json.RawMessage(`"yes"`)})
	return map[string]any{"customer_id": 0, "customer_note": "", "transaction_id": "", "meta_data": notes}
}

func empty(key string) meta { return meta{Key: key, Value: json.RawMessage(`""`)} }

// traces tells whether the order has an address of the internet, or a browser. 0.0.0.0 is
// what WooCommerce's own eraser leaves.
func (o *order) traces() bool { return o.IP != "" && o.IP != "0.0.0.0" || o.UserAgent != "" }

// left tells whether something of the person is in the order.
func (o *order) left() bool { return o.change() != nil }

// personal tells of a note of an order whether it is about the buyer: what WooCommerce's
// eraser removes, fields of the checkout, where the buyer came from, tax numbers, and the
// customer at Stripe.
func personal(key string) bool {
	for _, prefix := range []string{
		"_billing_", "billing_", "_shipping_", "shipping_", "_wc_billing/", "_wc_shipping/", "_wc_other/", "_wc_order_attribution_",
	} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"Payer first name", "Payer last name", "Payer PayPal address", "Transaction ID",
		"_nip", "nip", "_vat_number", "vat_number", "_stripe_customer_id",
	}, key)
}

// phones is the body that empties the telephone numbers of an order, or nil when there is
// none.
func (o *order) phones() map[string]any {
	var notes []meta
	if o.Billing["phone"] != "" {
		notes = append(notes, empty("_billing_phone"))
	}
	if o.Shipping["phone"] != "" {
		notes = append(notes, empty("_shipping_phone"))
	}
	if len(notes) == 0 {
		return nil
	}
	return map[string]any{"meta_data": notes}
}
