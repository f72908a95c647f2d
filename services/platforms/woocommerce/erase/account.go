package erase

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// Texts of the reasons of answers.
const (
	reasonRole      = "an account has a role of the staff; delete the account by hand"
	reasonStays     = "the account may still be held, because access or contact data are retained"
	reasonReplay    = "a replay does not list retained data: names and addresses of the account are emptied; delete the account by hand if it is not needed"
	reasonDownloads = "the shop's interface cannot revoke permissions to download; revoke the permissions in the order by hand"
	reasonGuest     = "the shop's interface does not list the downloads of a guest; check the order by hand"
)

// account is a customer's account.
type account struct {
	ID       payload.Number `json:"id"`
	Email    payload.Text   `json:"email"`
	Role     payload.Text   `json:"role"`
	First    held           `json:"first_name"`
	Last     held           `json:"last_name"`
	Billing  fields         `json:"billing"`
	Shipping fields         `json:"shipping"`
}

const accountFields = "id,email,role,first_name,last_name,billing,shipping"

func (a *account) path() string { return "/customers/" + a.ID.Name() }

// customer reports whether the account belongs to a customer and not to staff. A subscriber is a
// registered person without a purchase.
func (a *account) customer() bool { return a.Role == "customer" || a.Role == "subscriber" }

// find looks for the person's accounts: by id, by address, or by hashes.
func (w *work) find(ctx context.Context) ([]account, error) {
	ids := w.task.IDs("woocommerce:", "@"+w.source)
	if w.task.Hidden {
		hidden, err := w.accounts.Find(ctx, w.task.Since, func(a *erasure.Named) bool {
			return w.task.Person("woocommerce:"+a.ID+"@"+w.source) || w.task.Person(a.Email)
		})
		if err != nil {
			return nil, err
		}
		for _, a := range hidden {
			ids = append(ids, a.ID)
		}
	}
	return w.named(ctx, ids)
}

// named looks for accounts by GET /customers/:id and GET /customers?email=.
func (w *work) named(ctx context.Context, ids []string) ([]account, error) {
	var out []account
	for _, id := range ids {
		if !number(id) {
			continue
		}
		var a account
		res, err := w.client.Call(ctx, "find the account", erasure.Request{
			Method: http.MethodGet, Path: "/customers/" + id, Query: url.Values{"_fields": {accountFields}},
		}, &a)
		if err != nil {
			return nil, err
		}
		if res.Found && a.ID != 0 {
			out = append(out, a)
		}
	}
	for _, email := range w.task.Emails {
		var page []account
		query := url.Values{"email": {email}, "role": {"all"}, "_fields": {accountFields}}
		if _, err := w.list(ctx, "find the account", "/customers", query, "", &page); err != nil {
			return nil, err
		}
		for _, a := range page {
			known := slices.ContainsFunc(out, func(o account) bool { return o.ID == a.ID })
			if !known && a.ID != 0 && strings.EqualFold(string(a.Email), email) {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// accountsPage reads a page of all accounts.
func (c *Connector) accountsPage(ctx context.Context, at string) ([]erasure.Named, string, error) {
	var page []account
	query := url.Values{"role": {"all"}, "orderby": {"id"}, "order": {"asc"}, "_fields": {"id,email"}}
	next, err := c.list(ctx, "list the accounts", "/customers", query, at, &page)
	out := make([]erasure.Named, len(page))
	for i := range page {
		out[i] = erasure.Named{ID: page[i].ID.Name(), Email: string(page[i].Email)}
	}
	return out, next, err
}

// persons carries out the decision for the person's accounts.
func (w *work) persons(ctx context.Context) error {
	contact, phone := w.task.Gone("contact"), w.task.Gone("phone")
	if !contact && !phone {
		if w.task.Lapsed("contact") {
			w.report.Say("contact", stream.OutcomeHeld, reasonStays)
		}
		return nil
	}
	found, err := w.find(ctx)
	if err != nil {
		return err
	}
	// The data of a guest were in the orders.
	if len(found) == 0 && len(w.cleared) > 0 {
		w.say("contact", stream.OutcomeDone, "")
		w.say("phone", stream.OutcomeDone, "")
	}
	for i := range found {
		if err := w.account(ctx, &found[i], contact, phone); err != nil {
			return err
		}
	}
	return nil
}

// say adds an outcome for a category of the person in the decision.
func (w *work) say(category, outcome, reason string) {
	if w.task.Lapsed(category) || category == "contact" && w.task.Whole {
		w.report.Say(category, outcome, reason)
	}
}

// account carries out the decision for one account.
func (w *work) account(ctx context.Context, a *account, contact, phone bool) error {
	switch {
	case !a.customer():
		w.say("contact", stream.OutcomeHeld, reasonRole)
		w.say("phone", stream.OutcomeHeld, reasonRole)
		return nil
	case w.task.Whole || contact && !w.task.Hidden && !w.task.Stays("access", "contact"):
		return w.remove(ctx, a)
	case contact && w.task.Hidden:
		w.say("contact", stream.OutcomePartial, reasonReplay)
		w.say("phone", stream.OutcomeDone, "")
		return w.update(ctx, a, a.names())
	case contact:
		w.say("contact", stream.OutcomeHeld, reasonStays)
	}
	if !phone {
		return nil
	}
	if err := w.phones(ctx, a); err != nil {
		return err
	}
	return w.update(ctx, a, a.phones())
}

// remove deletes an account: DELETE /customers/:id?force=true. WordPress has no trash for accounts.
// The orders of the account become orders of a guest.
func (w *work) remove(ctx context.Context, a *account) error {
	res, err := w.client.Call(ctx, "delete the account", erasure.Request{
		Method: http.MethodDelete, Path: a.path(), Query: url.Values{"force": {"true"}},
	}, nil)
	if err == nil && res.Found {
		w.say("contact", stream.OutcomeDone, "")
		w.say("phone", stream.OutcomeDone, "")
	}
	return err
}

// update changes an account: PUT /customers/:id. The e-mail address, which is the login, stays, so
// that WordPress sends no mail about its change.
func (w *work) update(ctx context.Context, a *account, change map[string]any) error {
	if change == nil {
		return nil
	}
	_, err := w.client.Call(
		ctx,
		"empty fields of the account",
		erasure.Request{Method: http.MethodPut, Path: a.path(), Body: change},
		nil,
	)
	return err
}

// phones empties the telephone numbers in the orders of an account that are not retained, as far as
// known, and reports on the account.
func (w *work) phones(ctx context.Context, a *account) error {
	w.say("phone", stream.OutcomeDone, "")
	if w.task.Hidden {
		return nil
	}
	for at := "1"; at != ""; {
		var page []order
		query := url.Values{"customer": {a.ID.Name()}, "_fields": {"id,billing,shipping"}}
		next, err := w.list(ctx, "list the orders of the account", "/orders", query, at, &page)
		if err != nil {
			return err
		}
		for i := range page {
			change := page[i].phones()
			if change == nil || w.task.StaysRecord(w.orderName(int64(page[i].ID))) {
				continue
			}
			_, err := w.client.Call(ctx, "empty the phone of an order", erasure.Request{
				Method: http.MethodPut, Path: "/orders/" + page[i].ID.Name(), Body: change,
			}, nil)
			if err != nil {
				return err
			}
		}
		at = next
	}
	return nil
}

// phones is the body that empties the telephone numbers of an account, or nil.
func (a *account) phones() map[string]any {
	change := map[string]any{}
	if a.Billing["phone"] != "" {
		change["billing"] = map[string]string{"phone": ""}
	}
	if a.Shipping["phone"] != "" {
		change["shipping"] = map[string]string{"phone": ""}
	}
	if len(change) == 0 {
		return nil
	}
	return change
}

// names is the body that empties everything but the address to sign in with, or nil.
func (a *account) names() map[string]any {
	emptied := func(of fields) map[string]string {
		out := map[string]string{}
		for field, value := range of {
			if value != "" {
				out[field] = ""
			}
		}
		return out
	}
	billing, shipping := emptied(a.Billing), emptied(a.Shipping)
	if len(billing)+len(shipping) == 0 && a.First == "" && a.Last == "" {
		return nil
	}
	return map[string]any{"first_name": "", "last_name": "", "billing": billing, "shipping": shipping}
}
