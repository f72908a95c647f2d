package streams_test

import (
	"strings"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

func delivery(facts ...*factv1.Fact) *factv1.Delivery {
	return &factv1.Delivery{Id: "d1", Source: "shop", Facts: facts}
}

func named(names ...string) *factv1.Fact {
	f := &factv1.Fact{Ref: "woocommerce:order/17@shop"}
	for _, name := range names {
		kind, value, _ := strings.Cut(name, ":")
		f.Identities = append(f.Identities, &factv1.Identity{Kind: kind, Value: value})
	}
	return f
}

// TestFactsSubject_GoesByTheStrongestName: an address goes before an id, an id before a locator, and a locator before a
// record, whichever fact of the delivery names them.
func TestFactsSubject_GoesByTheStrongestName(t *testing.T) {
	located := named()
	located.Locators = []string{"stripe:pi_9"}
	for of, d := range map[string]*factv1.Delivery{
		"ala@example.com":           delivery(named("stripe:cus_1"), named("stripe:cus_1", "email:ala@example.com")),
		"stripe:cus_1":              delivery(located, named("stripe:cus_1", "woocommerce:5@shop")),
		"stripe:pi_9":               delivery(named(), located),
		"woocommerce:order/17@shop": delivery(named()),
		"d1":                        delivery(),
	} {
		got, want := streams.FactsSubject(d, 4), stream.FactsIn("shop", stream.SlotOf(of))
		if got != want {
			t.Errorf("the name %s: got the subject %s, want %s", of, got, want)
		}
	}
}

// TestFactsSubject_HasNoSlotWithoutPartitions: an installation with one partition publishes as every version does.
func TestFactsSubject_HasNoSlotWithoutPartitions(t *testing.T) {
	for _, partitions := range []int{0, 1} {
		got := streams.FactsSubject(delivery(named("email:ala@example.com")), partitions)
		if want := "rodopath.facts.shop"; got != want {
			t.Errorf("%d partitions: got %s, want %s", partitions, got, want)
		}
	}
}
