package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// orders are unpaid orders of one person, all of one moment.
func orders(n int, at time.Time) []fact.Fact {
	out := make([]fact.Fact, n)
	for i := range out {
		ref := fmt.Sprintf("order-%06d", i)
		out[i] = fact.Fact{ID: ref, Kind: fact.KindOrderPlaced, Occurred: at, Received: at, Ref: ref}
	}
	return out
}

// TestDecide_ALargeDeletionIsSplit: 1,200 orders lapse at once, as after an attack on the checkout. Every
// decision fits into a message of one mebibyte, and together they name each item once.
func TestDecide_ALargeDeletionIsSplit(t *testing.T) {
	const n, payload = 1200, 1 << 20
	p := lifecycletest.Policy(t)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "bot"}, orders(n, begin), begin)
	_, decisions := lifecycle.Decide(p, s, nil, begin.AddDate(1, 0, 0))
	named, ids, whole := map[string]int{}, map[string]bool{}, 0
	for i := range decisions {
		d := &decisions[i]
		data, err := d.Event(p, stream.Person{Emails: []string{"bot@example.com"}}, "").Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > payload {
			t.Errorf("decision %d has %d bytes, want at most %d", i, len(data), payload)
		}
		ids[d.ID] = true
		if d.WholePerson() {
			whole++
		}
		for _, item := range d.Items() {
			if item.Category == "order" {
				named[item.Ref]++
			}
		}
	}
	if len(named) != n || len(decisions) < 3 || len(ids) != len(decisions) || whole != 1 {
		t.Errorf(
			"%d orders in %d decisions with %d ids, %d of the whole person; want %d orders, several decisions, one whole",
			len(named),
			len(decisions),
			len(ids),
			whole,
			n,
		)
	}
	for ref, times := range named {
		if times != 1 {
			t.Errorf("%s is deleted %d times, want once", ref, times)
		}
	}
}

// TestDecide_WhatRemainsOfALargePersonIsNamedByCategory: a deletion beside 1,200 orders that stay.
func TestDecide_WhatRemainsOfALargePersonIsNamedByCategory(t *testing.T) {
	p := lifecycletest.Policy(t)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	facts := append(orders(1200, begin), newSignup(begin)...)
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "bot"}, facts, begin)
	left := fact.Fact{
		ID:       "out",
		Kind:     fact.KindUnsubscribe,
		Occurred: begin.Add(time.Hour),
		Received: begin.Add(time.Hour),
	}
	_, decisions := lifecycle.Decide(p, s, []fact.Fact{left}, begin.Add(time.Hour))
	if len(decisions) != 1 {
		t.Fatalf("%d decisions, want 1", len(decisions))
	}
	seen := map[string]bool{}
	for _, r := range decisions[0].Delete.Retained {
		if seen[r.Category] || r.Ref != "" {
			t.Errorf("retained %s %q, want each category once", r.Category, r.Ref)
		}
		seen[r.Category] = true
	}
	if !seen["order"] {
		t.Error("the orders are not retained")
	}
}

// newSignup is a sign-up with evidence.
func newSignup(at time.Time) []fact.Fact {
	return []fact.Fact{
		{ID: "in", Kind: fact.KindSignup, Occurred: at, Received: at, Wording: "newsletter-offers", Proof: []byte("ip")},
	}
}
