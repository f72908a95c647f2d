package erase_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
)

const (
	deleted  = "DELETE /v1/customers/cus_1"
	emptied  = "POST /v1/customers/cus_1"
	payments = "Stripe retains charges and invoices for its own legal obligations, and no call deletes them; a redaction job at Stripe hides these records from the account"
)

func TestCarry_DoesWhatMayGo(t *testing.T) {
	ids := []string{"woocommerce:5@shop", "stripe:cus_1"}
	for name, c := range map[string]struct {
		event   *stream.Event
		want    string
		changes []string
		again   string
	}{
		"whole person": {
			erasuretest.Deletion("person", ids, "contact", "phone", "newsletter"), "done newsletter=not_found", []string{deleted}, "not_found",
		},
		"whole person, by an address in another case": {erasuretest.Deletion("person", nil, "contact"), "done", []string{deleted}, "not_found"},
		"whole person, with invoices": {
			erasuretest.Deletion("person", ids, "contact", "order woocommerce:order/17@shop stripe:pi_1", "invoice stripe:in_1"),
			"partial contact=done invoice=held order=held: " + payments, []string{deleted}, "held contact=not_found: " + payments,
		},
		"contact, and nothing stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "contact"), "consent_evidence"), "done", []string{deleted}, "not_found",
		},
		"contact, and the invoice stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "contact", "phone"), "invoice stripe:in_1"), "done", []string{emptied}, "done",
		},
		"the phone": {erasuretest.Stays(erasuretest.Deletion("part", ids, "phone"), "contact"), "done", []string{emptied}, "done"},
		"contact that may still be held": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "contact"), "contact"), "held again 2026-04-15: the data may still be held on another basis", nil,
			"held again 2026-04-15: the data may still be held on another basis",
		},
		"an invoice": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "invoice stripe:in_1"), "contact"), "held: " + payments, nil, "held: " + payments,
		},
		"an order that was not paid here": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "order woocommerce:order/17@shop"), "contact"), "not_found", nil, "not_found",
		},
		"marketing alone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "newsletter", "marketing_profile"), "contact"), "not_found", nil, "not_found",
		},
		"a replay of the whole person by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("person", ids, "contact")), "done", []string{deleted}, "not_found",
		},
		"a replay by the hash of an address": {
			erasuretest.Hidden(erasuretest.Deletion("person", nil, "contact")), "done", []string{deleted}, "not_found",
		},
		"a replay of a part by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("part", ids, "contact")), "done", []string{emptied}, "done",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			connector := a.connector(t, erasuretest.Client())
			got, err := erasuretest.Deliver(t, connector, c.event)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
			if changes := a.Changes(); !slices.Equal(changes, c.changes) {
				t.Errorf("it made %q", changes)
			}
			if got, err := erasuretest.Deliver(t, connector, c.event); err != nil || got != c.again {
				t.Errorf("again: got %q, %v\nwant %q", got, err, c.again)
			}
			if changes := a.Changes(); len(changes) != 0 {
				t.Errorf("again it made %q", changes)
			}
			for _, u := range a.customers {
				if u["id"] != "cus_1" && u["email"] != "other@leak.example" {
					t.Error("somebody else is changed")
				}
			}
		})
	}
}

func TestCarry_EmptiesWhatMayGo(t *testing.T) {
	a := newAccount(t)
	connector := a.connector(t, erasuretest.Client())
	if _, err := erasuretest.Deliver(
		t,
		connector,
		erasuretest.Stays(erasuretest.Deletion("part", nil, "phone"), "contact"),
	); err != nil {
		t.Fatal(err)
	}
	c := a.find("cus_1")
	if shipping := c["shipping"].(map[string]any); c["phone"] != nil || shipping["phone"] != nil ||
		shipping["name"] != erasuretest.Family ||
		c["name"] != erasuretest.Family {
		t.Errorf("the phone: got %v", c)
	}
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "contact"), "order stripe:in_1")
	e.ID = "dec_2"
	if _, err := erasuretest.Deliver(t, connector, e); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"email", "name", "phone", "description", "address", "shipping"} {
		if c[name] != nil {
			t.Errorf("%s stays: %v", name, c[name])
		}
	}
	if metadata, _ := c["metadata"].(map[string]any); len(metadata) != 0 || c["deleted"] != nil {
		t.Errorf("got %v, want a customer without metadata", c)
	}
}

func TestCarry_LeavesWhoHasASubscription(t *testing.T) {
	for status, held := range map[string]bool{
		"active": true, "trialing": true, "past_due": true, "unpaid": true, "paused": true, "canceled": false, "incomplete_expired": false,
	} {
		a := newAccount(t)
		a.subscriptions["cus_1"] = status
		got, err := erasuretest.Deliver(
			t,
			a.connector(t, erasuretest.Client()),
			erasuretest.Deletion("person", nil, "contact"),
		)
		if err != nil || strings.HasPrefix(got, "held: the customer has a running subscription") != held ||
			len(a.Changes()) != map[bool]int{false: 1}[held] {
			t.Errorf("%s: got %q, %v", status, got, err)
		}
	}
}

func TestCarry_SaysWhatStays(t *testing.T) {
	a := newAccount(t)
	a.stubborn = true
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "contact"), "order stripe:in_1")
	got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e)
	if err != nil || got != "partial: Stripe kept some fields of the customer; empty the fields in the dashboard" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCarry_FindsNobody(t *testing.T) {
	a := newAccount(t)
	connector := a.connector(t, erasuretest.Client())
	e := erasuretest.Deletion("person", []string{"stripe:cus_gone", "stripe:cus_../x", "stripe:pi_1"}, "contact")
	e.Data.Person.Emails = []string{`nobody"\@leak.example`}
	if got, err := erasuretest.Deliver(t, connector, e); err != nil || got != "not_found" {
		t.Errorf("got %q, %v", got, err)
	}
	hidden := erasuretest.Hidden(erasuretest.Deletion("person", nil, "contact"))
	hidden.Data.Person.Key = "another"
	if got, err := erasuretest.Deliver(t, connector, hidden); err != nil || got != "not_found" {
		t.Errorf("got %q, %v", got, err)
	}
	if changes := a.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
}

func TestCarry_DoesWithoutASearch(t *testing.T) {
	for _, status := range []int{400, 404} { // 404 by stand-ins of Stripe
		a := newAccount(t)
		a.find("cus_1")["email"] = erasuretest.Email
		a.Fault(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/search") &&
				erasuretest.Answering(status, `{"error":{"type":"invalid_request_error","message":"ala@leak.example"}}`)(w, r)
		})
		got, err := erasuretest.Deliver(
			t, a.connector(t, erasuretest.Client()), erasuretest.Deletion("person", nil, "contact"))
		if err != nil || got != "done" {
			t.Errorf("%d: got %q, %v, want done", status, got, err)
		}
	}
}

func TestCarry_KeysTellOneSendingFromAnother(t *testing.T) {
	a := newAccount(t)
	var keys []string
	a.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" {
			keys = append(keys, r.Header.Get("Idempotency-Key"))
		}
		return false
	})
	connector := a.connector(t, erasuretest.Client())
	for _, replay := range []*stream.Replay{nil, {At: erasuretest.Now()}, {At: erasuretest.Now().Add(time.Hour)}} {
		a.find("cus_1")["phone"] = "600"
		e := erasuretest.Stays(erasuretest.Deletion("part", nil, "phone"), "contact")
		e.Data.Replay = replay
		if _, err := erasuretest.Deliver(t, connector, e); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 3 || !strings.HasPrefix(keys[0], "rodopath:dec_1:") || len(keys[2]) > 255 {
		t.Errorf("got %q", keys)
	}
}

func TestCarry_FailsSoThatItIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request) bool
		want  string
		after time.Duration
	}{
		"too many calls":       {erasuretest.Answering(429, `{"error":{"code":"rate_limit","message":"x"}}`, "Retry-After", "2"), "429 (rate_limit)", 2 * time.Second},
		"too many, no time":    {erasuretest.Answering(429, `{"error":{"code":"rate_limit"}}`), "429 (rate_limit)", 0},
		"broken down":          {erasuretest.Answering(500, `{"error":{"type":"api_error","message":"ala@leak.example"}}`), "the answer was 500 (api_error)", 0},
		"another key":          {erasuretest.Answering(401, `{"error":{"message":"Invalid API Key"}}`), "the key was refused (this call needs Customers: Write); create a restricted key", 0},
		"a key without rights": {erasuretest.Answering(403, `{"error":{"message":"The provided key does not have the required permissions"}}`), "Customers: Write and Read for Subscriptions, Invoices, Charges and Disputes", 0},
		"another 404":          {erasuretest.Answering(404, `{"error":{"type":"invalid_request_error","message":"Unrecognized request URL"}}`), "the interface does not exist", 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			a.Fault(c.fault)
			_, err := erasuretest.Deliver(
				t,
				a.connector(t, erasuretest.Client()),
				erasuretest.Deletion("person", nil, "contact"),
			)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v", err)
			}
			var wait *dispatch.Wait
			if errors.As(err, &wait) != (c.after > 0) || wait != nil && wait.After != c.after {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCarry_ADryRunChangesNothing(t *testing.T) {
	a := newAccount(t)
	r := &outbound.DryRun{}
	connector := a.connector(t, r.Client(erasuretest.Client()))
	for _, e := range []*stream.Event{
		erasuretest.Deletion("person", nil, "contact"),
		erasuretest.Stays(erasuretest.Deletion("part", nil, "contact"), "order stripe:in_1"),
	} {
		if got, err := erasuretest.Deliver(t, connector, e); err != nil || got != "done" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if changes := a.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
	if calls := r.Take(); len(calls) != 2 ||
		calls[0] != (outbound.Call{Method: "DELETE", URL: a.URL + "/v1/customers/cus_1"}) ||
		calls[1].Method != "POST" {
		t.Errorf("it shows %+v", calls)
	}
}

func TestNew_WantsAKey(t *testing.T) {
	for _, key := range []string{"", "pk_live_1", "whsec_1", "sk_1 sk_2"} {
		if _, err := stripe.New(stripe.Options{Key: key}); err == nil || !strings.HasPrefix(err.Error(), "key:") {
			t.Errorf("%q: %v", key, err)
		}
	}
}
