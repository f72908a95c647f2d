package rules_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// TestTouchedBy_FindsTheRecordsThatCanBeEvaluatedAlone gives one more fact to a person with facts, under the default
// policy or a changed one.
func TestTouchedBy_FindsTheRecordsThatCanBeEvaluatedAlone(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	of := func(id string, kind fact.Kind, ref string, names ...string) fact.Fact {
		return fact.Fact{ID: id, Kind: kind, Source: "shop", Occurred: begin, Received: begin, Ref: ref, Links: names}
	}
	states := of("state", fact.KindSale, "order/4")
	states.StateOf = "order/1"
	under := of("under", fact.KindSale, "order/5")
	under.Contract = "sub/1"
	known := []fact.Fact{
		of("a", fact.KindOrderPlaced, "order/1"), of("b", fact.KindSale, "order/1", "pi/1"),
		of("c", fact.KindRefund, "charge/1", "pi/1"), of("d", fact.KindSale, "order/2", "pi/2"),
		of("e", fact.KindSignup, "letters/7"), of("f", fact.KindUnsubscribe, "letters/7"), states, under,
	}
	bought := of("new", fact.KindSale, "order/9")
	again := of("new", fact.KindPerformed, "order/1")
	again.StateOf = "order/1"
	renewed := of("new", fact.KindSale, "order/9")
	renewed.Contract = "sub/1"
	for name, c := range map[string]struct {
		change string
		more   []fact.Fact
		news   fact.Fact
		want   []string // the ids of the facts of the records; nil where all facts must be evaluated
	}{
		"a new order":                        {"", nil, bought, []string{}},
		"a payment of a known order":         {"", nil, of("new", fact.KindRefund, "charge/2", "pi/2"), []string{"d"}},
		"a state of a known order":           {"", nil, again, []string{"a", "b", "c", "state"}},
		"a payment under a known contract":   {"", nil, renewed, []string{"under"}},
		"an act of consent":                  {"", nil, of("new", fact.KindSignup, "letters/8"), nil},
		"a fact without a record":            {"", nil, of("new", fact.KindWebinar, ""), nil},
		"a box of the order":                 {"", []fact.Fact{of("box", fact.KindSignup, "order/9")}, bought, nil},
		"beside a hold":                      {"", []fact.Fact{of("hold", fact.KindHold, "order/2")}, bought, nil},
		"beside a request":                   {"", []fact.Fact{of("ask", fact.KindErasure, "")}, bought, nil},
		"beside a receipt":                   {"", []fact.Fact{of("receipt", fact.KindReceipt, "d1")}, bought, nil},
		"beside an order without a name":     {"", []fact.Fact{of("bare", fact.KindSale, "")}, bought, nil},
		"a basis of the person on the sales": {"soft_opt_in=on", nil, bought, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := lifecycletest.Policy(t)
			if c.change != "" {
				var err error
				if p, err = lifecycletest.Changed([]string{c.change}); err != nil {
					t.Fatal(err)
				}
			}
			touched, apart := rules.TouchedBy(p, append(slices.Clone(known), c.more...), []fact.Fact{c.news})
			if apart != (c.want != nil) {
				t.Fatalf("the records can be evaluated alone: got %t, want %t", apart, c.want != nil)
			}
			if !apart {
				return
			}
			got := []string{}
			for _, f := range touched.Known() {
				got = append(got, f.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("the facts of the records: got %v, want %v", got, c.want)
			}
		})
	}
}
