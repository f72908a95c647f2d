package erase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
)

const unknown = "held: the shop has an order of the person, paid or open, that Rodopath does not know"

// contactGone is a decision about the contact data of the customer, with order 17 retained.
func contactGone() *stream.Event {
	return erasuretest.Claimed(
		erasuretest.Deletion("part", []string{"woocommerce:5@shop"}, "contact", "phone"),
		lapse,
		order17,
	)
}

func TestCarry_WhatTheDecisionDoesNotKnowHoldsTheErasure(t *testing.T) {
	for name, c := range map[string]struct {
		seen func(*shop)
		want string
	}{
		"a paid order of the account":      {func(s *shop) { s.numbered(30).CustomerID, s.numbered(30).Billing = 5, address{"last_name": "K"} }, unknown},
		"a paid order of a guest":          {func(s *shop) { s.numbered(30).Billing = where() }, unknown},
		"an open order":                    {func(s *shop) { o := s.numbered(30); o.Billing, o.Status, o.DatePaid = where(), "pending", "" }, unknown},
		"an order in a state of a plug-in": {func(s *shop) { o := s.numbered(30); o.Billing, o.Status, o.DatePaid = where(), "packed", "" }, unknown},
		"a paid order that was cancelled":  {func(s *shop) { s.numbered(30).Billing, s.numbered(30).Status = where(), "cancelled" }, unknown},
		"an order under the account's email": {func(s *shop) {
			s.mine().Email = "b@leak.example"
			s.numbered(30).Billing = address{"email": "B@leak.example"}
		}, unknown},
		"a running subscription": {func(s *shop) { s.subscriptions = []string{"cancelled", "active"} }, "held: a subscription of the person runs in the shop"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			c.seen(s)
			s.reviews = []review{{7, erasuretest.Email}}
			got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), contactGone())
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if changes := s.Changes(); len(changes) != 0 {
				t.Errorf("got %q, want no change", changes)
			}
		})
	}
}

func TestCarry_WhatIsNoNewsHoldsNothing(t *testing.T) {
	for name, seen := range map[string]func(*shop){
		"an order for another address":  func(s *shop) { s.numbered(30).CustomerID = 5 },
		"ended subscriptions":           func(s *shop) { s.subscriptions = []string{"cancelled", "expired"} },
		"an order that is empty":        func(s *shop) { s.numbered(30).CustomerID, s.numbered(30).Billing = 5, address{"country": "PL"} },
		"an order that was never paid":  func(s *shop) { o := s.numbered(30); o.Billing, o.Status, o.DatePaid = where(), "failed", "" },
		"a shop without subscriptions":  func(s *shop) { s.subscriptions = nil },
		"an address that contains this": func(s *shop) { s.numbered(30).Billing = address{"email": "x" + erasuretest.Email} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			seen(s)
			_, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), contactGone())
			if changes := s.Changes(); err != nil || !slices.Contains(changes, gone) {
				t.Errorf("got %q, %v, want %q", changes, err, gone)
			}
		})
	}
}

// TestCarry_TheCheckOfTheDeliveryCounts: an order under another name that the check lists is known.
func TestCarry_TheCheckOfTheDeliveryCounts(t *testing.T) {
	s := newShop(t)
	e := erasuretest.Deletion("part", []string{"woocommerce:5@shop"}, "contact")
	retained := []stream.RetainedItem{
		{
			Item:    stream.Item{Category: "order", Ref: "stripe:pi_1", Names: []string{"woocommerce:order/17@shop"}},
			Until:   &lapse,
			LastDay: "2031-12-31",
		},
	}
	a, err := s.connector(t, erasuretest.Client()).Deliver(dispatch.WithRetained(t.Context(), retained), e, nil)
	if err != nil || a.Outcome != stream.OutcomePartial || a.LookAgain == nil || !a.LookAgain.Equal(lapse) {
		t.Errorf("got %+v, %v, want partial until %s", a, err, lapse)
	}
	if s.mine() != nil {
		t.Error("got an account, want none")
	}
}

func TestCarry_TooManyRetainedOrdersCannotBeCompared(t *testing.T) {
	s := newShop(t)
	e := erasuretest.Claimed(erasuretest.Deletion("part", nil, "contact"), lapse, "order")
	got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e)
	if want := "held: the decision does not list all retained orders"; err != nil || !strings.HasPrefix(got, want) ||
		s.mine() == nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestCarry_AnOrderInProgressIsNotCleared(t *testing.T) {
	s := newShop(t)
	s.numbered(17).Status = "processing"
	got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), erasuretest.Deletion("part", nil, order17))
	if want := "held: an order to erase is paid and not completed in the shop"; err != nil || got != want ||
		len(s.Changes()) != 0 {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestCarry_AGuestWhoseOrderStaysIsNotErased: a name in an order is neither "not found" nor done.
func TestCarry_AGuestWhoseOrderStaysIsNotErased(t *testing.T) {
	guest := func() (*shop, *order) {
		s := newShop(t)
		s.accounts = s.accounts[:len(s.accounts)-1]
		s.numbered(17).CustomerID = 0
		return s, s.numbered(17)
	}
	s, o := guest()
	connector := s.connector(t, erasuretest.Client())
	const named = "partial contact=held phone=done again 2032-01-01: an order that is retained names the person, until 2031-12-31"
	for range 2 {
		if got, err := erasuretest.Deliver(t, connector, contactGone()); err != nil || got != named {
			t.Errorf("got %q, %v, want %q", got, err, named)
		}
	}
	if o.Billing["phone"] != "" || o.Billing["last_name"] != erasuretest.Family || o.Total != "119.00" {
		t.Errorf("got %v, want the phone alone emptied", o.Billing)
	}
	s, o = guest()
	o.Status, o.DatePaid = "cancelled", ""
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "contact"), "consent_evidence")
	const other = "held: an order that Rodopath does not know names the person; erase the order by hand"
	if got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e); err != nil || got != other {
		t.Errorf("got %q, %v, want %q", got, err, other)
	}
	s, _ = guest()
	hidden := erasuretest.Hidden(erasuretest.Deletion("part", nil, "contact"))
	const replay = "held: a replay does not list retained orders; check the orders of the guest by hand"
	if got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), hidden); err != nil || got != replay {
		t.Errorf("got %q, %v, want %q", got, err, replay)
	}
}

func TestCarry_APhoneThatStaysIsNotDone(t *testing.T) {
	s := newShop(t)
	s.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == "PUT" && strings.HasSuffix(r.URL.Path, "/orders/17") &&
			erasuretest.Answering(200, `{"id":17,"billing":{"phone":"600"}}`)(w, r)
	})
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "phone"), "contact", order17)
	got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e)
	if want := "partial: the shop kept a phone number; empty the field by hand"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestCarry_AShippedGoodOpensNothing: no account is looked for.
func TestCarry_AShippedGoodOpensNothing(t *testing.T) {
	e := erasuretest.Stays(
		erasuretest.Deletion("part", []string{"woocommerce:5@shop"}, "access woocommerce:order/17@shop"),
		"contact",
		order17,
	)
	for name, c := range map[string]struct {
		line map[string]any
		want string
	}{
		"a mug":              {map[string]any{"product_id": 41}, "not_found"},
		"a file":             {map[string]any{"product_id": 42}, "held again 2026-04-15"},
		"a variation":        {map[string]any{"product_id": 1, "variation_id": 41}, "not_found"},
		"a deleted product":  {map[string]any{"product_id": 43}, "held again 2026-04-15"},
		"an unknown product": {map[string]any{"product_id": 0}, "held again 2026-04-15"},
	} {
		s := newShop(t)
		s.mine().bought, s.numbered(17).Lines = 17, []map[string]any{c.line}
		got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e)
		if outcome, _, _ := strings.Cut(got, ":"); err != nil || outcome != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
		asked := slices.ContainsFunc(s.Calls(), func(c string) bool { return strings.Contains(c, "/customers") })
		if asked != (c.want != "not_found") {
			t.Errorf("%s: asked for accounts: %t", name, asked)
		}
	}
}

func TestCarry_ReviewsGoWithTheContact(t *testing.T) {
	s := newShop(t)
	s.mine().Email = "b@leak.example"
	s.reviews = []review{{7, erasuretest.Email}, {8, "other@leak.example"}, {9, "B@leak.example"}}
	if _, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), contactGone()); err != nil {
		t.Fatal(err)
	}
	if len(s.reviews) != 1 || s.reviews[0].ID != 8 {
		t.Errorf("got %v, want review 8 alone", s.reviews)
	}
}

func TestCarry_NamesWhatAnOrderLeaves(t *testing.T) {
	note := func(value any) []map[string]any {
		return []map[string]any{{"product_id": 41, "meta_data": []meta{{1, "engraving", value}}}}
	}
	for name, c := range map[string]struct {
		order  func(*shop, *order)
		stays  []string
		left   string
		plugin bool
	}{
		"a refund":                  {func(_ *shop, o *order) { o.Refunds = []map[string]any{{"reason": "ill"}, {"reason": ""}} }, nil, "refund reasons", true},
		"a refund without a reason": {func(_ *shop, o *order) { o.Refunds = []map[string]any{{"reason": ""}} }, nil, "", true},
		"a line with the name":      {func(_ *shop, o *order) { o.Lines = note("for Mrs KOTOWSKA") }, nil, "entries of order lines", true},
		"a line with another text":  {func(_ *shop, o *order) { o.Lines = note("blue") }, nil, "", true},
		"a coupon by the address": {func(s *shop, o *order) {
			s.coupons["x"] = []string{"9", "ala@leak.example"}
			o.Coupons = []map[string]any{{"code": "x"}}
		}, nil, "the users of a coupon", true},
		"a coupon by the account":      {func(s *shop, o *order) { s.coupons["x"] = []string{"5"}; o.Coupons = []map[string]any{{"code": "x"}} }, nil, "the users of a coupon", true},
		"a coupon of others":           {func(s *shop, o *order) { s.coupons["x"] = []string{"9"}; o.Coupons = []map[string]any{{"code": "x"}} }, nil, "", true},
		"a plug-in, and the invoice":   {func(*shop, *order) {}, []string{"invoice stripe:pi_1"}, "entries of plug-ins of an order with a retained invoice", false},
		"a plug-in, and none retained": {func(*shop, *order) {}, nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			o := s.numbered(17)
			c.order(s, o)
			o.Meta = append(o.Meta, meta{8, "_gift", map[string]any{"to": "Ala Kotowska"}})
			want := "done"
			if c.left != "" {
				want = "partial: left at the platform: " + c.left
			}
			e := erasuretest.Stays(erasuretest.Deletion("part", nil, order17), append(c.stays, "contact")...)
			connector := s.connector(t, erasuretest.Client())
			for range 2 { // the second time nothing shows who the buyer was
				if got, err := erasuretest.Deliver(t, connector, e); err != nil || got != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
			if kept := slices.ContainsFunc(o.Meta, func(m meta) bool { return m.Key == "_gift" }); kept == c.plugin {
				t.Errorf("the entry of a plug-in stays: %t", kept)
			}
		})
	}
}

func TestCarry_EveryWordForGoneIsGone(t *testing.T) {
	for _, code := range []string{"wc_user_invalid_id", "woocommerce_rest_invalid_id", "woocommerce_rest_customer_invalid_id", "rest_user_invalid_id"} {
		for _, status := range []int{404, 400, 410} {
			s := newShop(t)
			s.Fault(func(w http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/customers/") &&
					erasuretest.Answering(status, `{"code":"`+code+`","message":"ala@leak.example"}`)(w, r)
			})
			e := erasuretest.Deletion("person", []string{"woocommerce:77@shop"}, "contact")
			e.Data.Person.Emails = []string{"nobody@leak.example"}
			if got, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), e); err != nil || got != "not_found" {
				t.Errorf("%d %s: got %q, %v, want not_found", status, code, got, err)
			}
		}
	}
}

func TestCarry_NamesTheMissingRight(t *testing.T) {
	s := newShop(t)
	s.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == "DELETE" && erasuretest.Answering(403, `{"code":"woocommerce_rest_cannot_delete"}`)(w, r)
	})
	_, err := erasuretest.Deliver(t, s.connector(t, erasuretest.Client()), contactGone())
	if err == nil ||
		!strings.Contains(
			err.Error(),
			"(this call needs an administrator, because a manager of the shop cannot delete accounts)",
		) {
		t.Errorf("got %v, want the missing right", err)
	}
}
