package erase_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
)

// account stands in for an account of Stripe, as its documents describe it.
type account struct {
	*erasuretest.Fake
	customers     []customer
	subscriptions map[string]string
	// done has the answers to keys that were used, with what was asked.
	done map[string][2]string
	// invoices are the states of the invoices of cus_1, charges its payments with the states of their disputes.
	invoices []string
	charges  []charge
	// stubborn keeps descriptions.
	stubborn bool
}

type customer map[string]any

// charge is a payment with the state of its dispute; empty without one.
type charge struct{ id, dispute string }

func newAccount(t testing.TB) *account {
	a := &account{subscriptions: map[string]string{}, done: map[string][2]string{}}
	for i := range 250 {
		a.customers = append(
			a.customers,
			customer{"id": "cus_other" + strconv.Itoa(i), "email": "other@leak.example", "name": "Other"},
		)
	}
	a.customers = slices.Insert(a.customers, 150, customer{
		"id":          "cus_1",
		"email":       "Ala@Leak.Example",
		"name":        erasuretest.Family,
		"phone":       "600",
		"description": "a friend of cats",
		"address":     map[string]any{"line1": "ul. Kocia 1", "city": "Kraków", "country": "PL"},
		"shipping": map[string]any{
			"name":    erasuretest.Family,
			"phone":   "600",
			"address": map[string]any{"line1": "ul. Kocia 1", "country": "PL"},
		},
		"metadata": map[string]any{"shop": "1"},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/customers", a.list)
	mux.HandleFunc("GET /v1/customers/search", a.search)
	mux.HandleFunc(
		"GET /v1/customers/{id}",
		a.with(func(w http.ResponseWriter, _ *http.Request, c customer) { erasuretest.JSON(w, 200, c) }),
	)
	mux.HandleFunc("POST /v1/customers/{id}", a.with(a.update))
	mux.HandleFunc("DELETE /v1/customers/{id}", a.with(func(w http.ResponseWriter, _ *http.Request, c customer) {
		if c["deleted"] == true {
			missing(w)
			return
		}
		for key := range c {
			if key != "id" {
				delete(c, key)
			}
		}
		c["deleted"] = true
		erasuretest.JSON(w, 200, c)
	}))
	mux.HandleFunc("GET /v1/subscriptions", func(w http.ResponseWriter, r *http.Request) {
		data := []any{}
		if status := a.subscriptions[r.URL.Query().Get("customer")]; status != "" && status != "canceled" {
			data = append(data, map[string]string{"id": "sub_1", "status": status})
		}
		erasuretest.JSON(w, 200, map[string]any{"object": "list", "data": data, "has_more": false})
	})
	mux.HandleFunc("GET /v1/invoices", func(w http.ResponseWriter, r *http.Request) {
		data := []any{}
		for _, status := range a.invoices {
			if r.URL.Query().Get("customer") == "cus_1" && status == r.URL.Query().Get("status") {
				data = append(data, map[string]string{"status": status})
			}
		}
		erasuretest.JSON(w, 200, map[string]any{"object": "list", "data": data, "has_more": false})
	})
	mux.HandleFunc("GET /v1/charges", a.listCharges)
	mux.HandleFunc("GET /v1/disputes", func(w http.ResponseWriter, r *http.Request) {
		data := []any{}
		for _, c := range a.charges {
			if c.id == r.URL.Query().Get("charge") {
				data = append(data, map[string]string{"status": c.dispute})
			}
		}
		erasuretest.JSON(w, 200, map[string]any{"object": "list", "data": data, "has_more": false})
	})
	a.Fake = erasuretest.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer rk_1" || r.Header.Get("Stripe-Version") != stripe.Version {
			erasuretest.JSON(
				w,
				401,
				map[string]any{
					"error": map[string]string{"type": "invalid_request_error", "message": "Invalid API Key provided: rk_******"},
				},
			)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return a
}

// listCharges pages by one payment.
func (a *account) listCharges(w http.ResponseWriter, r *http.Request) {
	all := a.charges
	if r.URL.Query().Get("customer") != "cus_1" {
		all = nil
	}
	if after := r.URL.Query().Get("starting_after"); after != "" {
		all = all[slices.IndexFunc(all, func(c charge) bool { return c.id == after })+1:]
	}
	data := []any{}
	for _, c := range all[:min(1, len(all))] {
		data = append(data, map[string]any{"id": c.id, "disputed": c.dispute != ""})
	}
	erasuretest.JSON(w, 200, map[string]any{"object": "list", "data": data, "has_more": len(all) > 1})
}

func missing(w http.ResponseWriter) {
	erasuretest.JSON(
		w,
		404,
		map[string]any{
			"error": map[string]string{
				"code":    "resource_missing",
				"type":    "invalid_request_error",
				"message": "No such customer",
			},
		},
	)
}

func (a *account) find(id string) customer {
	for _, c := range a.customers {
		if c["id"] == id {
			return c
		}
	}
	return nil
}

func (a *account) with(do func(http.ResponseWriter, *http.Request, customer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c := a.find(r.PathValue("id")); c != nil {
			do(w, r, c)
			return
		}
		missing(w)
	}
}

// list filters by address, minding the case, and pages.
func (a *account) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	all := slices.DeleteFunc(slices.Clone(a.customers), func(c customer) bool {
		return c["deleted"] == true || query.Has("email") && c["email"] != query.Get("email")
	})
	if after := query.Get("starting_after"); after != "" {
		i := slices.IndexFunc(all, func(c customer) bool { return c["id"] == after })
		all = all[i+1:]
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	n := min(limit, len(all))
	erasuretest.JSON(w, 200, map[string]any{"object": "list", "data": all[:n], "has_more": n < len(all)})
}

// search does not mind the case.
func (a *account) search(w http.ResponseWriter, r *http.Request) {
	email := strings.Trim(strings.TrimPrefix(r.URL.Query().Get("query"), "email:"), `"`)
	found := slices.DeleteFunc(slices.Clone(a.customers), func(c customer) bool {
		text, _ := c["email"].(string)
		return !strings.EqualFold(text, email)
	})
	erasuretest.JSON(w, 200, map[string]any{"object": "search_result", "data": found, "has_more": false})
}

// update unsets what is empty, and repeats its answer to a key.
func (a *account) update(w http.ResponseWriter, r *http.Request, c customer) {
	_ = r.ParseForm()
	key, asked := r.Header.Get("Idempotency-Key"), r.PostForm.Encode()
	if before, ok := a.done[key]; ok {
		if before[0] != asked {
			erasuretest.JSON(w, 400, map[string]any{"error": map[string]string{"type": "idempotency_error"}})
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		erasuretest.JSON(w, 200, json.RawMessage(before[1]))
		return
	}
	shipping, _ := c["shipping"].(map[string]any)
	for name := range r.PostForm {
		value := r.PostForm.Get(name)
		switch {
		case name == "description" && a.stubborn:
		case value == "" && !strings.Contains(name, "["):
			c[name] = nil
		case strings.HasPrefix(name, "metadata[") && value == "":
			metadata, _ := c["metadata"].(map[string]any)
			delete(metadata, strings.TrimSuffix(strings.TrimPrefix(name, "metadata["), "]"))
		case name == "shipping[phone]":
			shipping["phone"] = nil
		case name == "shipping[name]" && value != shipping["name"]:
			erasuretest.JSON(w, 400, map[string]any{"error": map[string]string{"code": "parameter_missing"}})
			return
		}
	}
	answer, _ := json.Marshal(c)
	a.done[key] = [2]string{asked, string(answer)}
	erasuretest.JSON(w, 200, c)
}

func (a *account) connector(t testing.TB, client *http.Client) *stripe.Connector {
	t.Helper()
	c, err := stripe.New(stripe.Options{
		Key: "rk_1\n", Base: a.URL, AllowPrivate: true, Client: client, Now: erasuretest.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
