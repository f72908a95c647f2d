package lifecycle_test

import (
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// TestAddress_GoesWithTheContactData: the address of a buyer is held with the contact data, is shown while its deletion
// waits, and stays sealed alone beside an invoice; the correspondence about a request has the address again.
func TestAddress_GoesWithTheContactData(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "person", Sealed: []byte("sealed")}, []fact.Fact{{
		ID: "sale", Kind: fact.KindSale, Ref: "order-1", Access: fact.AccessOneOff, Occurred: sold, Received: sold,
	}}, sold)
	state := func(what string, at time.Time, want lifecycle.AddressState) {
		t.Helper()
		if got := s.Addresses(p, at).Email; got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	state("after the sale", sold, lifecycle.AddressHeld)
	alone := sold
	for s.Addresses(p, alone).Email == lifecycle.AddressHeld {
		if alone = alone.AddDate(0, 1, 0); alone.After(sold.AddDate(12, 0, 0)) {
			t.Fatal("the contact data never lapse")
		}
	}
	var decided []string
	for s.ReviewAt != nil && !s.ReviewAt.After(alone) {
		at := *s.ReviewAt
		var out []decision.Decision
		s, out = lifecycle.Decide(p, s, nil, at)
		for i := range out {
			decided = append(decided, out[i].ID)
		}
	}
	if !s.HoldsPersonal {
		t.Fatal("the invoice is gone with the contact data")
	}
	state("before the deletion is published", alone, lifecycle.AddressHeld)
	s = lifecycle.MarkSent(s, decided)
	state("beside the invoice", alone, lifecycle.AddressSealed)
	s, _ = lifecycle.Decide(p, s, []fact.Fact{{
		ID: "request", Kind: fact.KindAccessRequest, Ref: "req-1", Occurred: alone, Received: alone,
	}}, alone)
	state("while a request is open", alone, lifecycle.AddressInCorrespondence)
}

// TestAddresses_TheNumberOutlivesTheAddress of a buyer who consented to calls alone, and the address outlives the
// number of a subscriber.
func TestAddresses_TheNumberOutlivesTheAddress(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		wording  string
		channels []string
		want     lifecycle.Addresses
	}{
		{"offers-phone", []string{"sms", "phone"}, lifecycle.Addresses{
			Email: lifecycle.AddressSealed, Phone: lifecycle.AddressHeld,
		}},
		{"newsletter-offers", []string{"email"}, lifecycle.Addresses{
			Email: lifecycle.AddressHeld, Phone: lifecycle.AddressSealed,
		}},
	} {
		s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "person", Sealed: []byte("sealed")}, []fact.Fact{
			{ID: "sale", Kind: fact.KindSale, Ref: "order-1", Access: fact.AccessOneOff, Occurred: sold, Received: sold},
			{
				ID: "yes", Kind: fact.KindSignup, Wording: c.wording, Purposes: []string{"offers"}, Channels: c.channels,
				Occurred: sold, Received: sold,
			},
		}, sold)
		later := sold.AddDate(0, 3, 0)
		for s.ReviewAt != nil && !s.ReviewAt.After(later) {
			var out []decision.Decision
			s, out = lifecycle.Decide(p, s, nil, *s.ReviewAt)
			for i := range out {
				s = lifecycle.MarkSent(s, []string{out[i].ID})
			}
		}
		if got := s.Addresses(p, later); got != c.want {
			t.Errorf("the wording %s: got %+v, want %+v", c.wording, got, c.want)
		}
	}
}
