package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// guessed is a person who bought a product that no configuration lists, twenty days after the sale.
func guessed(
	t *testing.T,
	change func(*rules.Policy),
	more ...fact.Fact,
) (*rules.Policy, lifecycle.Subject, time.Time) {
	t.Helper()
	p := *lifecycletest.Policy(t)
	p.Gate, p.HoldsUnlisted = gate{"shop": {}}, true
	p.Connected = []rules.ConnectedRecipient{{ID: "shop", Deletions: true, Holds: []string{"contact", "access"}}}
	if change != nil {
		change(&p)
	}
	sold := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	s, _ := lifecycle.Decide(&p, lifecycle.Subject{ID: "ala"}, []fact.Fact{{
		ID: "sale", Kind: fact.KindSale, Source: "shop", Ref: "order-1", Access: fact.AccessOneOff,
		Unlisted: [][]string{{"17", "forgotten-course"}}, Occurred: sold, Received: sold,
	}}, sold)
	end := sold.AddDate(0, 0, 20)
	s.Version = 1
	s, _ = lifecycle.Decide(&p, s, more, end)
	return &p, s, end
}

// deletesContact reports whether recipients are notified of the deletion of the contact.
func deletesContact(s lifecycle.Subject) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
		return d.Held == nil && slices.Contains(d.Items(), rules.Item{Category: "contact"})
	})
}

// listed says what the products of the shop are.
func listed(products map[string]rules.Product) func(*rules.Policy) {
	return func(p *rules.Policy) { p.Products = map[string]map[string]rules.Product{"shop": products} }
}

func TestUnlisted_TheDeletionWaitsUntilTheProductIsListed(t *testing.T) {
	p, s, end := guessed(t, nil)
	if d := deletion(t, s); d.Held == nil || d.Held.Reason != decision.HeldUnlisted || s.Pending() {
		t.Fatalf("got %+v, want held for the unlisted product", d.Held)
	}
	for name, c := range map[string]struct {
		key     string
		product rules.Product
		deletes bool
	}{
		"a course":           {"forgotten-course", rules.Product{Access: fact.AccessCourse}, false},
		"delivered once":     {"17", rules.Product{Access: fact.AccessOneOff}, true},
		"everything is once": {rules.Everything, rules.Product{Access: fact.AccessOneOff}, true},
		"a course that ends": {"17", rules.Product{Access: fact.AccessCourse, Days: 3}, true},
	} {
		corrected := *p
		listed(map[string]rules.Product{c.key: c.product})(&corrected)
		again := s
		again.Revision = "" // as after a start
		again, _ = lifecycle.Decide(&corrected, again, nil, end.AddDate(0, 1, 0))
		if got := deletesContact(again); got != c.deletes {
			t.Errorf("%s: the contact is deleted: got %t, want %t: %+v", name, got, c.deletes, again.Outbox)
		}
	}
}

func TestUnlisted_NothingWaitsWhereNothingIsGuessed(t *testing.T) {
	erasure := fact.Fact{
		ID: "e", Kind: fact.KindErasure, Ref: "letter", Occurred: time.Date(2026, 3, 20, 10, 0, 0, 0, time.UTC),
		Received: time.Date(2026, 3, 20, 10, 0, 0, 0, time.UTC),
	}
	for name, c := range map[string]struct {
		change func(*rules.Policy)
		more   []fact.Fact
	}{
		"an installation of before": {change: func(p *rules.Policy) { p.HoldsUnlisted = false }},
		"no recipient":              {change: func(p *rules.Policy) { p.Connected = nil }},
		"the person asked for it":   {more: []fact.Fact{erasure}},
		"a listed product":          {change: listed(map[string]rules.Product{"17": {Access: fact.AccessOneOff}})},
	} {
		_, s, _ := guessed(t, c.change, c.more...)
		if d := deletion(t, s); d.Held != nil {
			t.Errorf("%s: got held %+v, want nothing held", name, d.Held)
		}
	}
}

func TestUnlisted_AHeldDecisionKeepsTheSaleThatHoldsIt(t *testing.T) {
	p, s, end := guessed(t, nil)
	for range 8 { // years, after which nothing needs the sale
		s.Revision = ""
		s, _ = lifecycle.Decide(p, s, nil, end.AddDate(12, 0, 0))
		if d := deletion(t, s); d.Held == nil || d.Held.Reason != decision.HeldUnlisted {
			t.Fatalf("got %+v, want held for the unlisted product", d.Held)
		}
		end = end.AddDate(1, 0, 0)
	}
}

func TestUnlisted_ReportsInAnyOrderGiveTheSameProducts(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	sale := func(received time.Time, products ...[]string) fact.Fact {
		return fact.Fact{ID: "sale", Kind: fact.KindSale, Ref: "o", Occurred: at, Received: received, Unlisted: products}
	}
	a, b := sale(at, []string{"2"}), sale(at.Add(time.Minute), []string{"1", "x"}, []string{"2"})
	one, other := fact.Combine([]fact.Fact{a}, []fact.Fact{b}), fact.Combine([]fact.Fact{b}, []fact.Fact{a})
	if len(one) != 1 || len(one[0].Unlisted) != 2 || len(other[0].Unlisted) != 2 ||
		one[0].Unlisted[0][0] != other[0].Unlisted[0][0] {
		t.Errorf("got %v and %v, want both products in one order", one, other)
	}
}
