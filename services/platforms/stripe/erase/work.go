package erase

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

// Texts of the reasons of answers.
const (
	reasonPayments = "Stripe retains charges and invoices for its own legal obligations, and no call deletes them; a redaction job at Stripe hides these records from the account"
	reasonLeft     = "Stripe kept some fields of the customer; empty the fields in the dashboard"
	reasonStays    = "the data may still be held on another basis"
)

// work is a decision that is carried out.
type work struct {
	*Connector
	task   *erasure.Task
	report erasure.Report
}

// payments answers for the records that no call deletes, where an item is one of Stripe's.
func (w *work) payments() {
	for i := range w.task.Items {
		item := &w.task.Items[i]
		ours := slices.ContainsFunc(erasure.Records(item, "stripe:", ""), payment)
		if (item.Category == "order" || item.Category == "invoice") && (ours || len(item.Hashes) > 0) {
			w.report.Say(item.Category, stream.OutcomeHeld, reasonPayments)
		}
	}
}

// payment reports whether an id names an object with a payment.
func payment(id string) bool {
	return slices.ContainsFunc(
		[]string{"ch_", "py_", "pi_", "in_", "cs_", "sub_"},
		func(prefix string) bool { return strings.HasPrefix(id, prefix) },
	)
}

// keep reports contact data of which a part may still be held.
func (w *work) keep() {
	for _, category := range []string{"contact", "phone"} {
		if w.task.Lapsed(category) {
			until, day := w.task.UntilOf(category)
			w.report.Hold(category, reasonStays, until, day)
		}
	}
}

// say adds an outcome for a category of the person in the decision.
func (w *work) say(category, outcome, reason string) {
	if w.task.Lapsed(category) || category == "contact" && w.task.Whole {
		w.report.Say(category, outcome, reason)
	}
}

// apply carries out the decision for one customer. A replay with hashes does not list retained
// items, so a customer with a possibly retained part is not deleted.
func (w *work) apply(ctx context.Context, u *customer) error {
	if w.task.Gone("contact") {
		news, err := w.news(ctx, u.ID)
		if err != nil {
			return err
		}
		if news != "" {
			w.say("contact", stream.OutcomeHeld, news)
			w.say("phone", stream.OutcomeHeld, news)
			return nil
		}
	}
	if w.task.Whole || w.task.Gone("contact") && !w.task.Blind && !w.task.Stays("order", "invoice", "access") {
		return w.remove(ctx, u.ID)
	}
	return w.blank(ctx, u)
}

// remove deletes a customer with its cards: DELETE /v1/customers/:id.
func (w *work) remove(ctx context.Context, id string) error {
	res, err := w.client.Call(
		ctx,
		"delete the customer",
		erasure.Request{Method: http.MethodDelete, Path: "/v1/customers/" + id},
		nil,
	)
	if err == nil && res.Found {
		w.say("contact", stream.OutcomeDone, "")
		w.say("phone", stream.OutcomeDone, "")
	}
	return err
}

// blank empties fields of a customer with retained payments: POST /v1/customers/:id.
func (w *work) blank(ctx context.Context, u *customer) error {
	outcome, reason := stream.OutcomeDone, ""
	if form := w.form(u); len(form) > 0 {
		var after customer
		res, err := w.client.Call(ctx, "empty fields of the customer", erasure.Request{
			Method: http.MethodPost,
			Path:   "/v1/customers/" + u.ID,
			Form:   form,
			Header: map[string]string{"Idempotency-Key": w.key(u.ID)},
		}, &after)
		switch {
		case err != nil:
			return err
		case !res.Found:
			return nil
		case res.Read && len(w.form(&after)) > 0:
			outcome, reason = stream.OutcomePartial, reasonLeft
		}
	}
	for _, category := range []string{"contact", "phone"} {
		switch {
		case w.task.Gone(category):
			w.say(category, outcome, reason)
		case w.task.Lapsed(category):
			until, day := w.task.UntilOf(category)
			w.report.Hold(category, reasonStays, until, day)
		}
	}
	return nil
}

// key is the idempotency key: the same for the same change. Stripe repeats its first answer to a
// key for a day, even an internal error (https://docs.stripe.com/api/idempotent_requests), so a
// later attempt has another key: the change itself is idempotent.
func (w *work) key(id string) string {
	return "rodopath:" + w.task.ID + ":" + id + ":" + strconv.FormatInt(w.now().Unix()/600, 10)
}

// form empties the fields that may no longer be held and are not empty. An empty text unsets a
// field, and an address as a whole.
func (w *work) form(u *customer) url.Values {
	form := url.Values{}
	if w.task.Gone("contact") {
		for name, filled := range map[string]bool{
			"email": u.Email != "", "name": u.Name != "", "description": u.Description != "", "business_name": u.Business != "",
			"individual_name": u.Individual != "", "address": u.Address.filled(), "shipping": u.ships(),
		} {
			if filled {
				form.Set(name, "")
			}
		}
		for key, value := range u.Metadata { // an empty value unsets a key
			if value != nil && value != "" {
				form.Set("metadata["+key+"]", "")
			}
		}
	}
	if !w.task.Gone("phone") {
		return form
	}
	if u.Phone != "" {
		form.Set("phone", "")
	}
	if s := u.Shipping; s != nil && s.Phone != "" && !form.Has("shipping") {
		// Stripe replaces shipping as a whole and requires name and address.
		form.Set("shipping[name]", s.Name)
		s.Address.into(form, "shipping[address]")
		form.Set("shipping[phone]", "")
	}
	return form
}

// into writes an address into a form.
func (a *address) into(form url.Values, under string) {
	if a == nil {
		a = &address{}
	}
	for name, value := range map[string]string{
		"line1": a.Line1, "line2": a.Line2, "city": a.City, "state": a.State, "postal_code": a.PostalCode, "country": a.Country,
	} {
		form.Set(under+"["+name+"]", value)
	}
}
