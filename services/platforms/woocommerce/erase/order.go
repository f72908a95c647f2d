package erase

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// Texts of the reasons of answers.
const (
	reasonSubscription = "a subscription of the shop must be cleared by hand: the connector clears orders"
	reasonAccess       = "access to the purchase is retained, and clearing the order would end the access"
	reasonLeft         = "the shop kept some fields of an order; run WooCommerce's own eraser on the order"
	reasonAmounts      = "the shop recalculated the amounts of an order on the change; check the amounts"
	reasonPerforming   = "an order to erase is paid and not completed in the shop"
)

// What an erasure leaves at the shop.
const (
	leftRefunds = "refund reasons"
	leftLines   = "entries of order lines"
	leftPlugins = "entries of plug-ins of an order with a retained invoice"
	leftCoupon  = "the users of a coupon"
)

// order holds the personal data of an order.
type order struct {
	ID            payload.Number     `json:"id"`
	CustomerID    payload.Number     `json:"customer_id"`
	IP            held               `json:"customer_ip_address"`
	UserAgent     held               `json:"customer_user_agent"`
	Note          held               `json:"customer_note"`
	TransactionID held               `json:"transaction_id"`
	Total         payload.Text       `json:"total"`
	TotalTax      payload.Text       `json:"total_tax"`
	Billing       fields             `json:"billing"`
	Shipping      fields             `json:"shipping"`
	Meta          payload.List[meta] `json:"meta_data"`

	Status   payload.Text         `json:"status"`
	DatePaid payload.Text         `json:"date_paid_gmt"`
	Lines    payload.List[line]   `json:"line_items"`
	Refunds  payload.List[refund] `json:"refunds"`
	Coupons  payload.List[coupon] `json:"coupon_lines"`

	// personal are the configured keys of entries that concern the buyer, words the texts by which other entries
	// are known as the buyer's, unless keeps: entries without a known key then stay. unseen is what the erasure
	// leaves and a later look cannot see.
	personal []string
	words    []string
	keeps    bool
	unseen   []string
}

// line is a line of an order.
type line struct {
	ProductID   payload.Number     `json:"product_id"`
	VariationID payload.Number     `json:"variation_id"`
	Meta        payload.List[meta] `json:"meta_data"`
}

// refund is a refund of an order.
type refund struct {
	Reason held `json:"reason"`
}

// coupon is a coupon of an order.
type coupon struct {
	Code payload.Text `json:"code"`
}

// listed is an order of the list of all orders.
type listed struct {
	ID    int64
	Email string
}

type meta struct {
	ID  payload.Number `json:"id,omitempty"`
	Key payload.Text   `json:"key"`
	// Value is null for an entry to delete.
	Value json.RawMessage `json:"value"`
}

// UnmarshalJSON never fails: plug-ins leave empty lists among the entries.
func (m *meta) UnmarshalJSON(raw []byte) error {
	type plain meta
	payload.Object(raw, (*plain)(m))
	return nil
}

// orderFields are asked for alone (https://developer.wordpress.org/rest-api/using-the-rest-api/global-parameters/#_fields).
const orderFields = "id,customer_id,customer_ip_address,customer_user_agent,customer_note,transaction_id,total,total_tax,billing,shipping,meta_data,status,date_paid_gmt,line_items,refunds,coupon_lines"

// orders anonymises the orders without a basis.
func (w *work) orders(ctx context.Context) error {
	for i := range w.task.Items {
		item := &w.task.Items[i]
		if item.Category != "order" {
			continue
		}
		ids, err := w.ordersOf(ctx, item)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if w.needed(item, id) {
				until, day := w.accessUntil(item, id)
				w.report.Hold("order", reasonAccess, until, day)
				continue
			}
			if err := w.clear(ctx, item, id); err != nil {
				return err
			}
		}
		if len(erasure.Records(item, "woocommerce:subscription/", "@"+w.source)) > 0 {
			w.report.Say("order", stream.OutcomeHeld, reasonSubscription)
		}
	}
	return nil
}

// namesOf lists the names of an order of an item.
func (w *work) namesOf(item *stream.Item, id string) []string {
	names := append([]string{"woocommerce:order/" + id + "@" + w.source, item.Ref}, item.Names...)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// staysOrder reports whether data of an order of an item may still be held.
func (w *work) staysOrder(item *stream.Item, id string, categories ...string) bool {
	return !w.task.Whole && slices.ContainsFunc(
		w.namesOf(item, id),
		func(name string) bool { return w.task.StaysRecord(name, categories...) },
	)
}

// needed reports whether access to the purchase of an order is retained: an order without the
// buyer's address permits no download.
func (w *work) needed(item *stream.Item, id string) bool { return w.staysOrder(item, id, "access") }

// accessUntil is the end of the access to an order.
func (w *work) accessUntil(item *stream.Item, id string) (*time.Time, string) {
	names := w.namesOf(item, id)
	return w.task.Until(func(s stream.RetainedItem) bool {
		return s.Category == "access" && (slices.Contains(names, s.Ref) ||
			slices.ContainsFunc(s.Names, func(n string) bool { return slices.Contains(names, n) }))
	})
}

// ordersOf lists the orders of the shop that an item names.
func (w *work) ordersOf(ctx context.Context, item *stream.Item) ([]string, error) {
	if len(item.Hashes) > 0 {
		found, err := w.Connector.orders.Find(
			ctx,
			w.task.Since,
			func(o *listed) bool { return w.task.Names(item, w.orderName(o.ID)) },
		)
		ids := make([]string, len(found))
		for i, o := range found {
			ids[i] = strconv.FormatInt(o.ID, 10)
		}
		return ids, err
	}
	return slices.DeleteFunc(
		erasure.Records(item, "woocommerce:order/", "@"+w.source),
		func(id string) bool { return !number(id) },
	), nil
}

func (c *Connector) orderName(id int64) string {
	return "woocommerce:order/" + strconv.FormatInt(id, 10) + "@" + c.source
}

func number(id string) bool {
	return len(id) <= 20 && id != "" && strings.Trim(id, "0123456789") == ""
}

// ordersPage reads a page of all orders: GET /orders.
func (c *Connector) ordersPage(ctx context.Context, at string) ([]listed, string, error) {
	var page []struct {
		ID      payload.Number `json:"id"`
		Billing fields         `json:"billing"`
	}
	next, err := c.list(
		ctx,
		"list the orders",
		"/orders",
		url.Values{"_fields": {"id,billing.email"}, "orderby": {"id"}, "order": {"asc"}},
		at,
		&page,
	)
	out := make([]listed, len(page))
	for i := range page {
		out[i] = listed{ID: int64(page[i].ID), Email: string(page[i].Billing["email"])}
	}
	return out, next, err
}

// list reads a page of a list. X-WP-TotalPages is the number of pages
// (https://woocommerce.github.io/woocommerce-rest-api-docs/#pagination).
func (c *Connector) list(
	ctx context.Context,
	act, path string,
	query url.Values,
	at string,
	into any,
) (next string, err error) {
	page := 1
	if n, err := strconv.Atoi(at); err == nil {
		page = n
	}
	query.Set("per_page", "100")
	query.Set("page", strconv.Itoa(page))
	res, err := c.client.Call(ctx, act, erasure.Request{Method: http.MethodGet, Path: path, Query: query}, into)
	if err != nil {
		return "", err
	}
	if pages, err := strconv.Atoi(res.Header.Get("X-Wp-Totalpages")); err == nil && page < pages {
		return strconv.Itoa(page + 1), nil
	}
	return "", nil
}

// clear anonymises an order and deletes its notes.
func (w *work) clear(ctx context.Context, item *stream.Item, id string) error {
	if w.cleared[id] {
		return nil
	}
	before, err := w.order(ctx, id)
	if err != nil || before == nil {
		return err
	}
	if before.Status == "processing" {
		w.report.Say("order", stream.OutcomeHeld, reasonPerforming)
		return nil
	}
	before.words, before.keeps = append(before.buyer(), w.task.Emails...), w.staysOrder(item, id, "invoice")
	left, err := w.leftovers(ctx, before)
	if err != nil {
		return err
	}
	outcome, reason, err := w.blank(ctx, before)
	if err != nil {
		return err
	}
	if err := w.notes(ctx, id); err != nil {
		return err
	}
	w.cleared[id] = true
	w.report.Say("order", outcome, reason)
	w.report.Leave("order", left...)
	return nil
}

// order reads an order: GET /orders/:id. The result is nil for a missing order.
func (w *work) order(ctx context.Context, id string) (*order, error) {
	o := &order{personal: w.personal}
	res, err := w.client.Call(ctx, "read the order", erasure.Request{
		Method: http.MethodGet, Path: "/orders/" + id, Query: url.Values{"_fields": {orderFields}},
	}, o)
	if err != nil || !res.Found {
		return nil, err
	}
	return o, nil
}

// blank empties the personal data of an order, if there are any, and reports whether the order is
// empty then.
func (w *work) blank(ctx context.Context, before *order) (outcome, reason string, err error) {
	change := before.change()
	if change == nil {
		return stream.OutcomeDone, "", nil
	}
	after := &order{
		Total: before.Total, TotalTax: before.TotalTax, personal: w.personal, words: before.words, keeps: before.keeps,
	}
	res, err := w.client.Call(ctx, "anonymise the order", erasure.Request{
		Method: http.MethodPut, Path: "/orders/" + before.ID.Name(), Body: change,
	}, after)
	switch {
	case err != nil:
		return "", "", err
	case res.Read && after.left():
		return stream.OutcomePartial, reasonLeft, nil
	case res.Read && (after.Total != before.Total || after.TotalTax != before.TotalTax):
		return stream.OutcomePartial, reasonAmounts, nil
	}
	return stream.OutcomeDone, "", nil
}

// notes deletes the notes of an order, which may name the person, as WooCommerce's own eraser does.
// DELETE /orders/:id/notes/:note.
func (w *work) notes(ctx context.Context, id string) error {
	var notes []struct {
		ID payload.Number `json:"id"`
	}
	path := "/orders/" + id + "/notes"
	if _, err := w.client.Call(
		ctx,
		"list the notes of the order",
		erasure.Request{Method: http.MethodGet, Path: path, Query: url.Values{"_fields": {"id"}}},
		&notes,
	); err != nil {
		return err
	}
	for _, n := range notes {
		_, err := w.client.Call(ctx, "delete a note of the order", erasure.Request{
			Method: http.MethodDelete, Path: path + "/" + n.ID.Name(), Query: url.Values{"force": {"true"}},
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
