package erase_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/erase"
)

const (
	v3      = "/blog/wp-json/wc/v3"
	order17 = "order stripe:pi_1 woocommerce:order/17@shop"
)

// cleared are the calls that clear order 17.
func cleared(more ...string) []string {
	return append(
		[]string{
			"PUT " + v3 + "/orders/17",
			"DELETE " + v3 + "/orders/17/notes/3?force=true",
			"DELETE " + v3 + "/orders/17/notes/4?force=true",
		},
		more...)
}

// lapse is when retained orders lapse.
var lapse = time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)

const gone = "DELETE " + v3 + "/customers/5?force=true"

func TestCarry_DoesWhatMayGo(t *testing.T) {
	ids := []string{"woocommerce:9@other", "woocommerce:5@shop"}
	for name, c := range map[string]struct {
		event   *stream.Event
		want    string
		changes []string
	}{
		"whole person": {
			erasuretest.Deletion("person", ids, "contact", "phone", order17, "invoice stripe:in_1"),
			"done invoice=not_found", cleared(gone),
		},
		"whole person, by address alone": {erasuretest.Deletion("person", nil, order17), "done", cleared(gone)},
		"an order alone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, order17), "contact", "access woocommerce:order/203@shop"),
			"done", cleared(),
		},
		"an order, and access to it stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, order17), "contact", "access stripe:pi_1"),
			"held again 2026-04-15: access to the purchase is retained, and clearing the order would end the access", nil,
		},
		"an order of another shop": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "order woocommerce:order/17@other"), "contact"), "not_found", nil,
		},
		"an order that is not here": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "order woocommerce:order/999@shop"), "contact"), "not_found", nil,
		},
		"a subscription": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "order woocommerce:subscription/9@shop"), "contact"),
			"held: a subscription of the shop must be cleared by hand: the connector clears orders", nil,
		},
		"contact, and the order stays": {
			erasuretest.Claimed(erasuretest.Deletion("part", ids, "contact", "phone"), lapse, order17),
			"partial phone=done again 2032-01-01: an order that is retained names the person, until 2031-12-31",
			[]string{"PUT " + v3 + "/orders/17", gone},
		},
		"contact, and access stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "contact"), "access woocommerce:order/17@shop"),
			"held again 2026-04-15: an order that is retained names the person; " +
				"the account may still be held, because access or contact data are retained", nil,
		},
		"contact, and access stays for claims alone": {
			erasuretest.Claimed(erasuretest.Deletion("part", ids, "contact"), lapse, "access woocommerce:order/17@shop"),
			"partial again 2032-01-01: an order that is retained names the person, until 2031-12-31", []string{gone},
		},
		"the phone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "phone"), "contact", order17), "done",
			[]string{"PUT " + v3 + "/orders/17", "PUT " + v3 + "/customers/5"},
		},
		"marketing alone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "newsletter", "marketing_profile"), "contact"), "not_found", nil,
		},
		"access, and the order stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "access woocommerce:order/17@shop"), "contact", order17),
			"held again 2026-04-15: the shop's interface cannot revoke permissions to download; revoke the permissions in the order by hand", nil,
		},
		"access with the order": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "access woocommerce:order/17@shop", order17), "contact"), "done", cleared(),
		},
		"access to what a guest bought": {
			erasuretest.Claimed(
				erasuretest.Deletion("part", ids, "access woocommerce:order/18@shop"), lapse, "contact", "order woocommerce:order/18@shop"),
			"held again 2032-01-01: the shop's interface does not list the downloads of a guest; check the order by hand, until 2031-12-31", nil,
		},
		"access to what a guest bought, and the order goes later": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "access woocommerce:order/18@shop"), "contact"),
			"held again 2026-01-16: the shop's interface does not list the downloads of a guest; check the order by hand", nil,
		},
		"a replay of the whole person by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("person", ids, "contact", order17)), "done", cleared(gone),
		},
		"a replay of a part by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("part", ids, "contact", "phone")),
			"partial phone=done: a replay does not list retained data: names and addresses of the account are emptied; delete the account by hand if it is not needed",
			[]string{"PUT " + v3 + "/orders/17", "PUT " + v3 + "/customers/5"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.mine().bought = 17
			connector := s.connector(t, erasuretest.Client())
			got, err := erasuretest.Deliver(t, connector, c.event)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
			if changes := s.Changes(); !slices.Equal(changes, c.changes) {
				t.Errorf("it made %q", changes)
			}
			if _, err := erasuretest.Deliver(t, connector, c.event); err != nil {
				t.Errorf("again: %v", err)
			}
			if changes := s.Changes(); len(changes) != 0 {
				t.Errorf("again it made %q", changes)
			}
			s.check(t)
		})
	}
}

// check finds fault with what is changed and must not be.
func (s *shop) check(t *testing.T) {
	t.Helper()
	if len(s.accounts) < 250 || len(s.orders) != 250 {
		t.Error("somebody else is gone")
	}
	for _, o := range s.orders {
		if o.Total != "119.00" || o.TotalTax != "19.00" || o.Status != "completed" || o.DatePaid == "" {
			t.Errorf("the books of order %d are changed: %+v", o.ID, o)
		}
		if o.ID != 17 && o.ID != 203 && o.Billing["email"] != "other@leak.example" {
			t.Errorf("order %d of somebody else is changed", o.ID)
		}
	}
}

func TestCarry_LeavesOfAnOrderWhatTheBooksNeed(t *testing.T) {
	s := newShop(t)
	if _, err := erasuretest.Deliver(
		t,
		s.connector(t, erasuretest.Client()),
		erasuretest.Deletion("part", nil, order17),
	); err != nil {
		t.Fatal(err)
	}
	o := s.orders[16]
	for side, fields := range map[string]address{"billing": o.Billing, "shipping": o.Shipping} {
		for name, value := range fields {
			if value != "" {
				t.Errorf("%s.%s stays", side, name)
			}
		}
	}
	text, _ := json.Marshal(o)
	if o.IP+o.Agent+o.Note+o.TransactionID != "" || o.CustomerID != 0 || strings.Contains(string(text), "526") ||
		strings.Contains(string(text), "Firefox") {
		t.Errorf("something stays: %s", text)
	}
	if len(o.Lines) != 1 || len(o.Meta) != 2 || o.Meta[0].Key != "_stock" || o.Meta[1].Key != "_anonymized" ||
		o.Meta[1].Value != "yes" {
		t.Errorf("something went: %s", text)
	}
	if len(s.notes["17"]) != 0 || s.orders[202].Note == "" {
		t.Error("the notes of the order stay, or those of another went")
	}
	s.check(t)
}

func TestCarry_SaysWhatStays(t *testing.T) {
	s := newShop(t)
	s.stubborn = true
	got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), erasuretest.Deletion("part", nil, order17))
	if err != nil || got != "partial: the shop kept some fields of an order; run WooCommerce's own eraser on the order" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCarry_DeletesNobodyWhoWorksInTheShop(t *testing.T) {
	for _, role := range []string{"administrator", "shop_manager", "editor", ""} {
		s := newShop(t)
		s.mine().Role = role
		s.numbered(17).CustomerID, s.numbered(17).Billing = 0, address{}
		got, err := erasuretest.Deliver(
			t,
			s.connector(t, erasuretest.Client()),
			erasuretest.Deletion("person", []string{"woocommerce:5@shop"}, "contact"),
		)
		if err != nil || !strings.HasPrefix(got, "held: an account has a role") || len(s.Changes()) != 0 {
			t.Errorf("%q: got %q, %v", role, got, err)
		}
	}
}

func TestCarry_AReplayLeavesTheAddressToSignInWith(t *testing.T) {
	s := newShop(t)
	e := erasuretest.Hidden(erasuretest.Deletion("part", nil, "contact", "phone"))
	if _, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e); err != nil {
		t.Fatal(err)
	}
	if a := s.mine(); a.Email == "" || a.Last+a.First != "" || a.Billing["address_1"] != "" || a.Billing["phone"] != "" {
		t.Errorf("got %+v", a)
	}
}

func TestCarry_FindsNobody(t *testing.T) {
	s := newShop(t)
	e := erasuretest.Deletion(
		"person",
		[]string{"woocommerce:77@shop", "woocommerce:x@shop", "woocommerce:../5@shop"},
		"contact",
		"phone",
	)
	e.Data.Person.Emails = []string{"nobody@leak.example"}
	if got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e); err != nil || got != "not_found" {
		t.Errorf("got %q, %v", got, err)
	}
	hidden := erasuretest.Hidden(erasuretest.Deletion("person", nil, "contact", "order woocommerce:order/999@shop"))
	hidden.Data.Person.Key = "another"
	if got, err := erasuretest.Deliver(
		t,
		s.connector(t, erasuretest.Client()),
		hidden,
	); err != nil ||
		got != "not_found" {
		t.Errorf("got %q, %v", got, err)
	}
	if changes := s.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
}

func TestCarry_ManyReplaysReadTheListOnce(t *testing.T) {
	s := newShop(t)
	connector := s.connector(t, erasuretest.Client())
	for range 5 {
		e := erasuretest.Hidden(erasuretest.Deletion("person", nil, "contact", "order woocommerce:order/999@shop"))
		e.Data.Person.Hashes = []string{"x"}
		if _, err := erasuretest.Deliver(t, connector, e); err != nil {
			t.Fatal(err)
		}
	}
	if calls := s.Calls(); len(calls) != 3+3 {
		t.Errorf("it made %q", calls)
	}
}

func TestCarry_ADryRunChangesNothing(t *testing.T) {
	s := newShop(t)
	r := &outbound.DryRun{}
	got, err := erasuretest.Deliver(
		t,
		s.connector(t, r.Client(erasuretest.Client())),
		erasuretest.Deletion("person", nil, "contact", order17),
	)
	if err != nil || got != "done" {
		t.Errorf("got %q, %v", got, err)
	}
	if changes := s.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
	var calls []string
	for _, c := range r.Take() {
		calls = append(calls, c.Method+" "+strings.TrimPrefix(c.URL, s.URL+v3))
	}
	if want := []string{
		"PUT /orders/17",
		"DELETE /orders/17/notes/3",
		"DELETE /orders/17/notes/4",
		"DELETE /customers/5",
	}; !slices.Equal(
		calls,
		want,
	) {
		t.Errorf("it shows %q", calls)
	}
}

func TestNew_SaysWhatIsWrong(t *testing.T) {
	good := woocommerce.Options{URL: "https://shop.example", Key: "ck_1:cs_1", Source: "shop"}
	for want, change := range map[string]func(*woocommerce.Options){
		"url is not":         func(o *woocommerce.Options) { o.URL = "shop" },
		"url must begin":     func(o *woocommerce.Options) { o.URL = "http://shop.example" },
		"url must hold":      func(o *woocommerce.Options) { o.URL = "https://a:b@shop.example" },
		"key: the form is":   func(o *woocommerce.Options) { o.Key = "ck_1" },
		"key: the form is c": func(o *woocommerce.Options) { o.Key = "ck_1:cs_1:x" },
		"source is missing":  func(o *woocommerce.Options) { o.Source = "" },
	} {
		o := good
		change(&o)
		if _, err := woocommerce.New(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for _, url := range []string{"https://shop.example/", "https://shop.example/blog", "https://shop.example/wp-json/wc/v3"} {
		o := good
		o.URL = url
		if _, err := woocommerce.New(o); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
