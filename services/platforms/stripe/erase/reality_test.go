package erase_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
)

func TestCarry_WhatNeedsTheContactHoldsTheErasure(t *testing.T) {
	for name, c := range map[string]struct {
		seen func(*account)
		want string
	}{
		"an open invoice":           {func(a *account) { a.invoices = []string{"paid", "open"} }, "held: the customer has an open invoice"},
		"settled invoices":          {func(a *account) { a.invoices = []string{"paid", "void", "draft"} }, "done"},
		"an open dispute":           {func(a *account) { a.charges = []charge{{"ch_1", ""}, {"ch_2", "lost"}, {"ch_3", "under_review"}} }, "held: a payment of the customer is disputed"},
		"an inquiry":                {func(a *account) { a.charges = []charge{{"ch_1", "warning_needs_response"}} }, "held: a payment of the customer is disputed"},
		"closed disputes":           {func(a *account) { a.charges = []charge{{"ch_1", "won"}, {"ch_2", "lost"}, {"ch_3", "warning_closed"}} }, "done"},
		"an invoice of another one": {func(a *account) { a.invoices = []string{"open"}; a.find("cus_1")["id"] = "cus_2" }, "done"},
	} {
		for scope, e := range map[string][]string{"deleted": nil, "emptied": {"order stripe:in_1"}} {
			t.Run(name+", "+scope, func(t *testing.T) {
				a := newAccount(t)
				c.seen(a)
				event := erasuretest.Stays(erasuretest.Deletion("part", nil, "contact", "phone"), e...)
				got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), event)
				changes := len(a.Changes())
				if err != nil || !strings.HasPrefix(got, c.want) || (changes == 0) != strings.HasPrefix(c.want, "held") {
					t.Errorf("got %q, %v and %d changes, want %q", got, err, changes, c.want)
				}
			})
		}
	}
}

// TestCarry_APhoneNeedsNoLook: the number alone depends on nothing.
func TestCarry_APhoneNeedsNoLook(t *testing.T) {
	a := newAccount(t)
	a.invoices, a.subscriptions["cus_1"] = []string{"open"}, "active"
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "phone"), "contact")
	if got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e); err != nil || got != "done" {
		t.Errorf("got %q, %v, want done", got, err)
	}
}

// TestCarry_AnEmptyTextIsNone: a customer whose fields were emptied before needs no call.
func TestCarry_AnEmptyTextIsNone(t *testing.T) {
	a := newAccount(t)
	c := a.find("cus_1")
	for _, field := range []string{"name", "phone", "description"} {
		c[field] = ""
	}
	c["address"], c["metadata"] = map[string]any{"line1": "", "city": nil}, map[string]any{"a": "", "b": nil}
	c["shipping"] = map[string]any{"name": "", "phone": nil, "address": map[string]any{"line1": ""}}
	e := erasuretest.Stays(erasuretest.Deletion("part", []string{"stripe:cus_1"}, "contact"), "order stripe:in_1")
	c["email"] = nil
	got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e)
	if changes := a.Changes(); err != nil || got != "done" || len(changes) != 0 {
		t.Errorf("got %q, %v, %q, want done without a change", got, err, changes)
	}
}

// TestCarry_AFailedSearchIsNoFaultOfStripe: the circuit breaker does not count it, and nothing is called done.
func TestCarry_AFailedSearchIsNoFaultOfStripe(t *testing.T) {
	for _, status := range []int{403, 429, 500} {
		a := newAccount(t)
		a.Fault(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/search") && erasuretest.Answering(status, `{}`)(w, r)
		})
		_, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), erasuretest.Deletion("person", nil, "contact"))
		if _, refused := errors.AsType[*dispatch.RefusalError](err); !refused || len(a.Changes()) != 0 {
			t.Errorf("%d: got %v, want a refusal", status, err)
		}
	}
}

func TestCarry_NamesTheMissingRight(t *testing.T) {
	for path, right := range map[string]string{
		"/v1/subscriptions": "Subscriptions: Read", "/v1/invoices": "Invoices: Read", "/v1/charges": "Charges and Refunds: Read",
		"/v1/disputes": "Disputes: Read", "/v1/customers/cus_1": "Customers: Write",
	} {
		a := newAccount(t)
		a.charges = []charge{{"ch_1", "lost"}}
		a.Fault(func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Path == path && erasuretest.Answering(403, `{}`)(w, r)
		})
		_, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), erasuretest.Deletion("person", nil, "contact"))
		if err == nil || !strings.Contains(err.Error(), "(this call needs "+right+")") {
			t.Errorf("%s: got %v, want %s", path, err, right)
		}
	}
}

func TestNew_TakesTheAddressOfAStandIn(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8420": "url must begin with https://", "https://u:p@stripe.example": "url must hold only an address",
		"nowhere": "url is not an address", "https://stripe.example/": "",
	} {
		_, err := stripe.New(stripe.Options{Key: "sk_1", Base: address})
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
}
