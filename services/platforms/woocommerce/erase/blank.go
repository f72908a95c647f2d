package erase

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// change is the body of PUT /orders/:id that empties an order, or nil for an empty order.
//
// Addresses are emptied as entries under their internal names, such as _billing_email, which
// WooCommerce forwards to the field (WC_Data::update_meta_data, is_internal_meta_key). The
// documented fields billing and shipping would make the shop recalculate totals and taxes, at
// present rates and for an erased address (WC_REST_Orders_Controller::save_object,
// woocommerce/woocommerce#20137, #30365): the amounts of an order must not change. The IP address
// and the browser, which the documented fields cannot change, are emptied in the same way.
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
		if o.isPersonal(string(m.Key)) || !o.keeps && o.mentions(m) {
			notes = append(notes, meta{ID: m.ID, Key: m.Key, Value: json.RawMessage("null")})
		}
	}
	if len(notes) == 0 && o.Note == "" && o.TransactionID == "" && o.CustomerID == 0 {
		return nil
	}
	// WooCommerce's eraser marks an order so.
	notes = append(notes, meta{Key: "_anonymized", Value: json.RawMessage(`"yes"`)})
	if len(o.unseen) > 0 {
		value := strconv.Quote(strings.Join(o.unseen, ", ")) // of plain words, so JSON as well
		notes = append(notes, meta{Key: markLeft, Value: json.RawMessage(value)})
	}
	return map[string]any{"customer_id": 0, "customer_note": "", "transaction_id": "", "meta_data": notes}
}

func empty(key string) meta { return meta{Key: payload.Text(key), Value: json.RawMessage(`""`)} }

// traces reports whether the order has an IP address or a browser. WooCommerce's own eraser writes
// 0.0.0.0.
func (o *order) traces() bool { return o.IP != "" && o.IP != "0.0.0.0" || o.UserAgent != "" }

// left reports whether the order holds data of the person.
func (o *order) left() bool { return o.change() != nil }

// isPersonal reports whether an entry of an order concerns the buyer: entries of WooCommerce's
// eraser, fields of the checkout, the origin of the buyer, tax numbers, boxes of consent, the customer at
// Stripe, and the configured keys.
func (o *order) isPersonal(key string) bool {
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
		"_woo_ml_subscribe", "mailchimp_woocommerce_is_subscribed", "_mc4wp_optin", "ce4wp_checkout_consent",
	}, key) || slices.Contains(o.personal, key)
}

// minWord is the length from which a text is taken for a trace of the buyer.
const minWord = 4

// buyer lists the texts by which an entry of a plug-in is known as one about the buyer.
func (o *order) buyer() []string {
	var words []string
	for _, side := range []fields{o.Billing, o.Shipping} {
		for _, field := range []string{"email", "phone", "last_name", "address_1"} {
			word := strings.TrimSpace(string(side[field]))
			if utf8.RuneCountInString(word) >= minWord && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// mentions reports whether the value of an entry names the buyer. WooCommerce's own mark names nobody.
func (o *order) mentions(m meta) bool {
	text := strings.ToLower(plain(m.Value))
	return slices.ContainsFunc(o.words, func(word string) bool { return strings.Contains(text, strings.ToLower(word)) })
}

// plain is the text of a value without the escapes of JSON.
func plain(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil || value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// markLeft is the entry of an anonymised order with what the erasure left and nothing shows afterwards.
const markLeft = "_rodopath_left"

// leftovers lists what the erasure of an order leaves: reasons of refunds and the lines of the order cannot be
// changed without changing the books, and the users of a coupon are read only.
func (w *work) leftovers(ctx context.Context, o *order) ([]string, error) {
	for _, m := range o.Meta {
		if m.Key == markLeft {
			for what := range strings.SplitSeq(plain(m.Value), ", ") {
				o.note(what)
			}
		}
	}
	if slices.ContainsFunc(o.Lines, func(l line) bool { return slices.ContainsFunc(l.Meta, o.mentions) }) {
		o.note(leftLines)
	}
	if o.keeps && slices.ContainsFunc(o.Meta, func(m meta) bool { return !o.isPersonal(string(m.Key)) && o.mentions(m) }) {
		o.note(leftPlugins)
	}
	for _, c := range o.Coupons {
		used, err := w.usedBy(ctx, string(c.Code), o)
		if err != nil {
			return nil, err
		}
		if used {
			o.note(leftCoupon)
		}
	}
	left := slices.Clone(o.unseen)
	if slices.ContainsFunc(o.Refunds, func(r refund) bool { return r.Reason != "" }) {
		left = append(left, leftRefunds)
	}
	return left, nil
}

// note adds what the erasure leaves and a later look cannot see.
func (o *order) note(what string) {
	if slices.Contains([]string{leftLines, leftPlugins, leftCoupon}, what) && !slices.Contains(o.unseen, what) {
		o.unseen = append(o.unseen, what)
	}
}

// usedBy reports whether a coupon lists the buyer among its users: GET /coupons?code=.
func (w *work) usedBy(ctx context.Context, code string, o *order) (bool, error) {
	if code == "" {
		return false, nil
	}
	var found []struct {
		UsedBy payload.List[payload.Text] `json:"used_by"`
	}
	_, err := w.client.Call(ctx, "read a coupon of the order", erasure.Request{
		Method: http.MethodGet, Path: "/coupons", Query: url.Values{"code": {code}, "_fields": {"used_by"}},
	}, &found)
	if err != nil {
		return false, err
	}
	for _, c := range found {
		for _, user := range c.UsedBy {
			if user != "" && (string(user) == o.CustomerID.Name() || w.task.Person(string(user)) ||
				strings.EqualFold(string(user), string(o.Billing["email"]))) {
				return true, nil
			}
		}
	}
	return false, nil
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
