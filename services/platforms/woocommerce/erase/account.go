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
	reasonRole        = "an account has a role of the staff; delete the account by hand"
	reasonReplayGuest = "a replay does not list retained orders; check the orders of the guest by hand"
	reasonStays       = "the account may still be held, because access or contact data are retained"
	reasonReplay      = "a replay does not list retained data: names and addresses of the account are emptied; delete the account by hand if it is not needed"
	reasonNamed       = "an order that is retained names the person"
	reasonOther       = "an order that Rodopath does not know names the person; erase the order by hand"
	reasonPhone       = "the shop kept a phone number; empty the field by hand"
	reasonDownloads   = "the shop's interface cannot revoke permissions to download; revoke the permissions in the order by hand"
	reasonGuest       = "the shop's interface does not list the downloads of a guest; check the order by hand"
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

// persons carries out the decision for the person's accounts, and for what the orders say of the person.
func (w *work) persons(ctx context.Context) error {
	contact, phone := w.task.Gone("contact"), w.task.Gone("phone")
	if w.task.Lapsed("contact") && !contact {
		until, day := w.task.UntilOf("contact")
		w.report.Hold("contact", reasonStays, until, day)
	}
	if !contact && !phone {
		return nil
	}
	found, err := w.find(ctx)
	if err != nil {
		return err
	}
	orders, err := w.survey(ctx, found)
	if err != nil {
		return err
	}
	news, err := w.news(ctx, orders, found)
	if err != nil {
		return err
	}
	if news != "" {
		w.sayGone("contact", stream.OutcomeHeld, news)
		w.sayGone("phone", stream.OutcomeHeld, news)
		return nil
	}
	// The data of a guest were in the orders.
	if len(found) == 0 && len(w.cleared) > 0 {
		w.sayGone("contact", stream.OutcomeDone, "")
		w.sayGone("phone", stream.OutcomeDone, "")
	}
	return w.erasePerson(ctx, found, orders)
}

// erasePerson erases what the orders, the accounts and the reviews say of the person.
func (w *work) erasePerson(ctx context.Context, found []account, orders []order) error {
	contact, phone := w.task.Gone("contact"), w.task.Gone("phone")
	if phone {
		if err := w.phones(ctx, orders); err != nil {
			return err
		}
	}
	if contact {
		if err := w.reviews(ctx, w.emails(found)); err != nil {
			return err
		}
		w.remainder(orders, len(found) > 0)
	}
	for i := range found {
		if err := w.account(ctx, &found[i], contact, phone); err != nil {
			return err
		}
	}
	return nil
}

// remainder reports the orders that still name the person.
func (w *work) remainder(orders []order, account bool) {
	switch {
	case !w.task.Lapsed("contact") && !w.task.Whole:
		return
	case w.task.Blind && !w.task.Whole:
		if len(orders) > 0 && !account {
			w.sayGone("contact", stream.OutcomeHeld, reasonReplayGuest)
		}
		return
	}
	for i := range orders {
		name := w.orderName(int64(orders[i].ID))
		if !w.task.StaysRecord(name) {
			w.sayGone("contact", stream.OutcomeHeld, reasonOther)
			continue
		}
		until, day := w.task.UntilOfRecord(name)
		w.report.Hold("contact", reasonNamed, until, day)
	}
}

// sayGone adds an outcome for a category of which nothing may be held.
func (w *work) sayGone(category, outcome, reason string) {
	if w.task.Gone(category) {
		w.say(category, outcome, reason)
	}
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
	case w.task.Whole || contact && !w.task.Blind && !w.task.InUse("access") && !w.task.Stays("contact"):
		return w.remove(ctx, a)
	case contact && w.task.Blind:
		w.say("contact", stream.OutcomePartial, reasonReplay)
		w.say("phone", stream.OutcomeDone, "")
		_, err := w.update(ctx, a, a.names())
		return err
	case contact:
		until, day := w.task.UntilOf("access")
		w.report.Hold("contact", reasonStays, until, day)
	}
	if !phone {
		return nil
	}
	after, err := w.update(ctx, a, a.phones())
	if err != nil {
		return err
	}
	if after.phones() != nil {
		w.say("phone", stream.OutcomePartial, reasonPhone)
		return nil
	}
	w.say("phone", stream.OutcomeDone, "")
	return nil
}

// remove deletes an account: DELETE /customers/:id?force=true. WordPress has no trash for accounts.
// The orders of the account become orders of a guest.
func (w *work) remove(ctx context.Context, a *account) error {
	res, err := w.client.Call(ctx, "delete the account", erasure.Request{
		Method: http.MethodDelete, Path: a.path(), Query: url.Values{"force": {"true"}}, Right: rightDelete,
	}, nil)
	if err == nil && res.Found {
		w.say("contact", stream.OutcomeDone, "")
		w.say("phone", stream.OutcomeDone, "")
	}
	return err
}

// update changes an account and returns the account as changed: PUT /customers/:id. The e-mail address, which is the
// login, stays, so that WordPress sends no mail about its change.
func (w *work) update(ctx context.Context, a *account, change map[string]any) (*account, error) {
	after := &account{}
	if change == nil {
		return after, nil
	}
	_, err := w.client.Call(
		ctx,
		"empty fields of the account",
		erasure.Request{Method: http.MethodPut, Path: a.path(), Body: change},
		after,
	)
	return after, err
}

// phones empties the telephone numbers in the orders of the person, also in retained ones.
func (w *work) phones(ctx context.Context, orders []order) error {
	for i := range orders {
		outcome, reason := stream.OutcomeDone, ""
		if change := orders[i].phones(); change != nil {
			var after order
			_, err := w.client.Call(ctx, "empty the phone of an order", erasure.Request{
				Method: http.MethodPut, Path: "/orders/" + orders[i].ID.Name(), Body: change,
			}, &after)
			if err != nil {
				return err
			}
			if after.phones() != nil {
				outcome, reason = stream.OutcomePartial, reasonPhone
			}
		}
		w.say("phone", outcome, reason)
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
