package erase

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// Texts of the reasons of answers, where the shop differs from what the decision knows.
const (
	reasonUnknown = "the shop has an order of the person, paid or open, that Rodopath does not know"
	reasonMany    = "the decision does not list all retained orders, so the orders of the shop cannot be compared"
	reasonRuns    = "a subscription of the person runs in the shop"
)

// listFields are asked for of the orders of a person.
const listFields = "id,status,date_paid_gmt,customer_id,billing,shipping"

// survey lists the orders of the person that still carry data: the orders under an address of the person, and those
// without an address under an account. An order under another address belongs to another person, whatever account
// placed it.
func (w *work) survey(ctx context.Context, accounts []account) ([]order, error) {
	var all []order
	for i := range accounts {
		page, err := w.search(ctx, url.Values{"customer": {accounts[i].ID.Name()}})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	for _, email := range w.emails(accounts) {
		page, err := w.search(ctx, url.Values{"search": {email}})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	hidden, err := w.hiddenOrders(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(append(all, hidden...), func(o order) bool {
		return o.ID == 0 || w.cleared[o.ID.Name()] || !o.carries() || !w.mine(&o, accounts)
	})
	slices.SortStableFunc(all, func(a, b order) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b order) bool { return a.ID == b.ID }), nil
}

// search reads all pages of a list of orders.
func (w *work) search(ctx context.Context, query url.Values) ([]order, error) {
	query.Set("_fields", listFields)
	var all []order
	for at := "1"; at != ""; {
		var page []order
		next, err := w.list(ctx, "look for orders of the person", "/orders", query, at, &page)
		if err != nil {
			return nil, err
		}
		all, at = append(all, page...), next
	}
	return all, nil
}

// hiddenOrders reads the orders under hashed addresses.
func (w *work) hiddenOrders(ctx context.Context) ([]order, error) {
	if !w.task.Hidden {
		return nil, nil
	}
	found, err := w.Connector.orders.Find(ctx, w.task.Since, func(o *listed) bool { return w.task.Person(o.Email) })
	if err != nil {
		return nil, err
	}
	var out []order
	for _, o := range found {
		read, err := w.order(ctx, strconv.FormatInt(o.ID, 10))
		if err != nil {
			return nil, err
		}
		if read != nil {
			out = append(out, *read)
		}
	}
	return out, nil
}

// emails lists the addresses of the person: those of the decision and of the accounts.
func (w *work) emails(accounts []account) []string {
	out := slices.Clone(w.task.Emails)
	for i := range accounts {
		email := strings.ToLower(string(accounts[i].Email))
		if email != "" && accounts[i].customer() && !slices.Contains(out, email) {
			out = append(out, email)
		}
	}
	return out
}

// mine reports whether an order is the person's.
func (w *work) mine(o *order, accounts []account) bool {
	email := string(o.Billing["email"])
	if email == "" {
		return slices.ContainsFunc(accounts, func(a account) bool { return a.ID == o.CustomerID })
	}
	return w.task.Person(email) ||
		slices.ContainsFunc(w.emails(accounts), func(e string) bool { return strings.EqualFold(e, email) })
}

// carries reports whether an order has an address, a name or a phone.
func (o *order) carries() bool {
	filled := func(f fields) bool {
		for field, value := range f {
			if value != "" && field != "country" && field != "state" {
				return true
			}
		}
		return false
	}
	return filled(o.Billing) || filled(o.Shipping)
}

// stands reports whether an order is paid or open.
func (o *order) stands() bool {
	return o.DatePaid != "" ||
		!slices.Contains([]string{"cancelled", "failed", "checkout-draft", "auto-draft", "trash"}, string(o.Status))
}

// news returns why the shop differs from what the decision knows; empty when it does not. Of a replay of a part
// with hashed names the retained orders are unknown.
func (w *work) news(ctx context.Context, orders []order, accounts []account) (string, error) {
	for i := range orders {
		o := &orders[i]
		if !o.stands() || w.task.Blind && !w.task.Whole {
			continue
		}
		name := w.orderName(int64(o.ID))
		switch {
		case !w.task.Knows(name):
			return reasonUnknown, nil
		case w.task.Unlisted() && !w.deletes(name):
			return reasonMany, nil
		}
	}
	for i := range accounts {
		runs, err := w.subscribed(ctx, &accounts[i])
		if runs || err != nil {
			return reasonRuns, err
		}
	}
	return "", nil
}

// deletes reports whether a record is one of the decision.
func (w *work) deletes(name string) bool {
	return slices.ContainsFunc(w.task.Items, func(i stream.Item) bool { return w.task.Names(&i, name) })
}

// subscribed reports whether a subscription of an account runs: GET /subscriptions of WooCommerce Subscriptions.
func (w *work) subscribed(ctx context.Context, a *account) (bool, error) {
	var page []struct {
		Status payload.Text `json:"status"`
	}
	query := url.Values{"customer": {a.ID.Name()}, "_fields": {"id,status"}, "per_page": {"100"}}
	_, err := w.client.Call(ctx, "look for subscriptions of the person", erasure.Request{
		Method: http.MethodGet, Path: "/subscriptions", Query: query, Optional: true,
	}, &page)
	if err != nil {
		return false, err
	}
	for _, s := range page {
		if slices.Contains([]string{"active", "on-hold", "pending-cancel"}, string(s.Status)) {
			return true, nil
		}
	}
	return false, nil
}
