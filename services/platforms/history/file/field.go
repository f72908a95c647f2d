package file

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// form is how the text of a cell becomes a value of a field.
type form int

const (
	text form = iota
	number
	flag
	// list is several words, separated by semicolons or commas.
	list
	// instant is a time, which is written as RFC 3339; seconds is a time in Unix seconds.
	instant
	seconds
)

// field is a field of an object: its path and its form.
type field struct {
	path string
	form form
}

// own are the fields of the platform "standard", by the names of their columns. A field of person and evidence has a
// short name.
func own() map[string]field {
	out := map[string]field{
		"email": {"person.email", text}, "has_phone": {"person.has_phone", flag},
		"form": {"evidence.form", text}, "ip": {"evidence.ip", text}, "text": {"evidence.text", text},
		"double_opt_in": {"evidence.double_opt_in", instant},
		"access_days":   {"access_days", number},
	}
	for _, name := range []string{
		"id", "kind", "ref", "contract", "matter", "product", "access", "wording", "reason", "outcome", "recipient",
	} {
		out[name] = field{name, text}
	}
	for _, name := range []string{"at", "paid_until", "event_at", "told"} {
		out[name] = field{name, instant}
	}
	for _, name := range []string{"links", "purposes", "channels", "traits"} {
		out[name] = field{name, list}
	}
	for _, name := range []string{"performance_awaited", "full"} {
		out[name] = field{name, flag}
	}
	return out
}

// known are the fields of the objects of a platform, by the usual names of their columns in exports: lower case,
// without what stands in brackets.
func known(platform string) map[string]field {
	switch platform {
	case "woocommerce":
		return orders()
	case "mailerlite":
		return subscribers()
	case "stripe":
		return map[string]field{
			"id": {"id", text}, "object": {"object", text}, "email": {"email", text}, "created": {"created", seconds},
			"created date": {"created", seconds}, "phone": {"phone", text},
		}
	}
	return own()
}

// orders are the columns of the usual export plug-ins of WooCommerce.
func orders() map[string]field {
	out := map[string]field{}
	for path, names := range map[string][]string{
		"id":                  {"id", "order id", "order number", "order_id", "order_number"},
		"status":              {"status", "order status", "order_status"},
		"total":               {"total", "order total", "order_total", "order total amount", "order amount"},
		"date_created":        {"date_created", "order date", "order_date", "date"},
		"date_created_gmt":    {"date_created_gmt"},
		"date_modified":       {"date_modified", "modified date", "order modified date"},
		"date_modified_gmt":   {"date_modified_gmt"},
		"date_paid":           {"date_paid", "paid date", "paid_date"},
		"date_paid_gmt":       {"date_paid_gmt"},
		"date_completed":      {"date_completed", "completed date", "completed_date"},
		"date_completed_gmt":  {"date_completed_gmt"},
		"customer_id":         {"customer_id", "customer id", "customer user id", "customer_user", "user id"},
		"created_via":         {"created_via", "created via"},
		"customer_ip_address": {"customer_ip_address", "customer ip address", "customer ip", "ip address"},
		"payment_method":      {"payment_method", "payment method"},
		"transaction_id":      {"transaction_id", "transaction id"},
		"billing.email":       {"billing.email", "email", "billing email", "billing_email", "customer email"},
		"billing.first_name":  {"billing.first_name", "first name", "billing first name", "billing_first_name"},
		"billing.last_name":   {"billing.last_name", "last name", "billing last name", "billing_last_name"},
		"billing.phone":       {"billing.phone", "phone", "billing phone", "billing_phone"},
		"billing.company":     {"billing.company", "company", "billing company", "billing_company"},
		"billing.country":     {"billing.country", "country code", "billing country", "billing_country"},
		"line_items.0.id":     {"line_items.0.id", "item id", "order item id"},
		"line_items.0.sku":    {"line_items.0.sku", "sku", "item sku", "product sku"},
		"line_items.0.product_id": {
			"line_items.0.product_id", "product id", "item product id", "product_id",
		},
	} {
		for _, name := range names {
			out[name] = field{path, text}
		}
	}
	return out
}

// subscribers are the columns of an export of MailerLite.
func subscribers() map[string]field {
	out := map[string]field{}
	for path, names := range map[string][]string{
		"id":              {"id"},
		"email":           {"email", "subscriber"},
		"status":          {"status", "type"},
		"source":          {"source", "signup source"},
		"subscribed_at":   {"subscribed_at", "subscribed", "date subscribed", "signup timestamp", "subscribe date"},
		"created_at":      {"created_at", "created", "date created"},
		"updated_at":      {"updated_at", "updated", "date updated"},
		"opted_in_at":     {"opted_in_at", "confirmation timestamp", "opt-in timestamp", "opt-in date"},
		"unsubscribed_at": {"unsubscribed_at", "unsubscribed", "date unsubscribed", "unsubscribe date"},
		"optin_ip":        {"optin_ip", "confirmation ip", "opt-in ip"},
		"ip_address":      {"ip_address", "signup ip", "ip"},
	} {
		for _, name := range names {
			out[name] = field{path, text}
		}
	}
	return out
}

// plain is the name of a column as known columns are looked up.
func plain(column string) string {
	before, _, _ := strings.Cut(column, "(")
	return strings.ToLower(strings.Join(strings.Fields(before), " "))
}

// fieldOf returns the field that a name of --map or --set means: a name of a known column, or an id of a person.
func fieldOf(platform, name string) (field, error) {
	fields := known(platform)
	if f, ok := fields[plain(name)]; ok {
		return f, nil
	}
	if system, ok := strings.CutPrefix(name, "ids."); ok && platform == "standard" && system != "" {
		return field{"person.ids." + system, text}, nil
	}
	return field{}, fmt.Errorf("the field %q is not known: use one of %s", name,
		strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
}

// errForm is the fault of a cell that is not of the form of its field.
var errForm = errors.New("not of its form")

// value reads a cell. Times without a zone are of the zone.
func (f field) value(cell string, zone *time.Location) (any, error) {
	cell = strings.TrimSpace(cell)
	switch f.form {
	case number:
		n, err := strconv.ParseInt(cell, 10, 32)
		if err != nil {
			return nil, errForm
		}
		return n, nil
	case flag:
		return payload.Text(cell).True(), nil
	case list:
		return strings.FieldsFunc(cell, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }), nil
	case instant, seconds:
		at := payload.Time(cell, zone)
		if at == nil {
			return nil, errForm
		}
		if f.form == seconds {
			return at.GetSeconds(), nil
		}
		return at.AsTime().Format(time.RFC3339Nano), nil
	case text:
	}
	return cell, nil
}

// put puts a value into an object at a path. "line_items.0.sku" is the SKU of the first item.
func put(object map[string]any, path string, value any) {
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		object[name] = value
		return
	}
	if after, isList := strings.CutPrefix(rest, "0."); isList {
		items, _ := object[name].([]any)
		if len(items) == 0 {
			items = []any{map[string]any{}}
			object[name] = items
		}
		put(items[0].(map[string]any), after, value)
		return
	}
	inner, ok := object[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[name] = inner
	}
	put(inner, rest, value)
}
