package lifecycle_test

import (
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// TestDecide_ADeletionYearsLaterStillHasTheAddress: other systems must be told whom
// they are to delete, however long nobody has heard of the person.
func TestDecide_ADeletionYearsLaterStillHasTheAddress(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold := time.Date(2019, 5, 1, 10, 0, 0, 0, time.UTC)
	sale := fact.Fact{ID: "sale", Kind: fact.KindSale, Occurred: sold, Received: sold, Ref: "order-1"}
	s, decisions := lifecycle.Decide(
		p,
		lifecycle.Subject{ID: "ala", Sealed: []byte("address")},
		[]fact.Fact{sale},
		sold,
	)
	for {
		s.Version++
		whole := false
		var ids []string
		for _, d := range decisions {
			ids, whole = append(ids, d.ID), whole || d.WholePerson()
		}
		if len(decisions) > 0 && len(s.Sealed) == 0 {
			t.Fatalf("at %s there are decisions to send and no address", s.LastDecided)
		}
		if s = lifecycle.MarkSent(s, ids); whole {
			break
		}
		if s.ReviewAt == nil {
			t.Fatal("the person was never deleted")
		}
		s, decisions = lifecycle.Decide(p, s, nil, *s.ReviewAt)
	}
	if len(s.Sealed) != 0 {
		t.Error("the address is still there after the last deletion was sent")
	}
}

// TestDecide_AHoldOnEverythingKeepsWhatItProlongs lets the bases under a hold lapse:
// what they kept must still be known when the hold ends.
func TestDecide_AHoldOnEverythingKeepsWhatItProlongs(t *testing.T) {
	p := lifecycletest.Policy(t)
	talked := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	newFact := func(id string, kind fact.Kind, at time.Time, ref string) fact.Fact {
		return fact.Fact{ID: id, Kind: kind, Occurred: at, Received: at, Ref: ref}
	}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{
		newFact(
			"talk",
			fact.KindNegotiationOpened,
			talked,
			"talk-1",
		),
		newFact("hold", fact.KindHold, talked.AddDate(0, 1, 0), ""),
	}, talked.AddDate(0, 1, 0))
	for s.ReviewAt != nil && s.ReviewAt.Before(talked.AddDate(1, 0, 0)) {
		s.Version++
		s, _ = lifecycle.Decide(p, s, nil, *s.ReviewAt)
	}
	notes := rules.Item{Category: "negotiation", Ref: "talk-1"}
	held := false
	for _, h := range lifecycle.Explain(p, s, talked.AddDate(1, 0, 0)).Holds {
		held = held || h.Item == notes
	}
	if !held {
		t.Error("the notes under the hold are forgotten")
	}
}
