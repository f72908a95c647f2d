package apply_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

const (
	ended  = factv1.Kind_KIND_ACCESS_ENDED
	stated = factv1.Kind_KIND_STATE
)

// ordered returns the facts of a webhook about order 17 with a ticked box, as the order was a number of hours
// after the first webhook.
func (b *bench) ordered(hours int, kind factv1.Kind, email string) []*factv1.Fact {
	asOf := timestamppb.New(now.Add(time.Duration(hours-100) * time.Hour))
	box, f, state := b.fact(signup, order(17), email), b.fact(kind, order(17), email), b.fact(stated, order(17), email)
	box.Id, f.Id = "box", kind.String()
	f.AsOf, box.AsOf = asOf, asOf
	state.StateOf, state.AsOf, state.Occurred = order(17), asOf, asOf
	return []*factv1.Fact{box, f, state}
}

// proven reports whether a person has a sign-up that is an act of the person.
func proven(s lifecycle.Subject) bool {
	for _, f := range s.Facts {
		if f.Kind == fact.KindSignup && !f.IsUnproven() {
			return true
		}
	}
	return false
}

// TestApply_ABoxFollowsItsOrder: whatever the order of arrival, the former address of a corrected order keeps no
// consent, and the box of one person proves nothing of another.
func TestApply_ABoxFollowsItsOrder(t *testing.T) {
	for kindName, kind := range map[string]factv1.Kind{"paid": sale, "unpaid": placed} {
		for name, arrival := range map[string][]int{
			"in order": {0, 1}, "the first again": {0, 1, 0}, "reversed": {1, 0}, "all again": {1, 0, 1, 0},
		} {
			t.Run(kindName+" "+name, func(t *testing.T) {
				b := newBench(t)
				webhooks := [][]*factv1.Fact{
					b.ordered(0, kind, "wrong@example.com"), b.ordered(9, kind, "right@example.com"),
				}
				for i, n := range arrival {
					b.report(i, webhooks[n]...)
				}
				if s, _ := b.who("wrong@example.com"); len(s.Facts) > 0 {
					t.Errorf("the stranger has the facts %q", kinds(s))
				}
				s, _ := b.who("right@example.com")
				b.same("right@example.com", "~"+order(17))
				if proven(s) {
					t.Error("a box that was typed for another address is a proof")
				}
				address := b.vault.Key(identity.Identity{Kind: identity.KindEmail, Value: "right@example.com"})
				for _, f := range s.Facts {
					if f.Address != address {
						t.Errorf("%s has the address of the stranger", f.Kind)
					}
				}
			})
		}
	}
}

// subscribed returns the facts of a webhook about a subscription that order 17 began.
func (b *bench) subscribed(kind factv1.Kind, email string) []*factv1.Fact {
	f, state := b.fact(kind, order(17), email), b.fact(stated, order(17), email)
	f.Id, f.Contract, f.Access = kind.String(), "woocommerce:subscription/18@shop", factv1.Access_ACCESS_SUBSCRIPTION
	state.StateOf, state.Contract = f.GetContract(), f.GetContract()
	return []*factv1.Fact{f, state}
}

// TestApply_ASubscriptionHasABuyerOfItsOwn: the correction of an order and the correction of its subscription move
// one each, and the end of the subscription is known to both buyers.
func TestApply_ASubscriptionHasABuyerOfItsOwn(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(17), "ala@example.com")
	b.report(0, f)
	b.report(1, b.subscribed(started, "ala@example.com")...)
	b.report(2, b.again(f, "ola@example.com"))
	b.holds("ola@example.com", "sale state")
	b.holds("ala@example.com", "access_started state")

	b.report(3, b.subscribed(started, "ula@example.com")...)
	b.holds("ola@example.com", "sale state*2")
	b.holds("ala@example.com", "")
	b.holds("ula@example.com", "access_started state*2")

	for i := range 2 {
		b.report(4+i, b.subscribed(ended, "ula@example.com")...)
	}
	b.holds("ola@example.com", "access_ended sale state*4")
	b.holds("ula@example.com", "access_ended access_started state*4")
	b.same("ula@example.com", "~woocommerce:subscription/18@shop")
	b.same("ola@example.com", "~"+order(17))

	b.report(7, b.again(f, "ela@example.com"))
	b.holds("ela@example.com", "access_ended sale state*4")
	b.holds("ola@example.com", "")
	b.holds("ula@example.com", "access_ended access_started state*4")
	b.same("ela@example.com", "~"+order(17))
}

// TestApply_ASharedPaymentStaysWithTheOtherOrder: one of two orders of one payment is corrected, and takes neither the
// dispute of the payment nor the buyer's own checkout along.
func TestApply_ASharedPaymentStaysWithTheOtherOrder(t *testing.T) {
	b := newBench(t)
	const payment = "stripe:pi_1"
	first, second := b.fact(sale, order(0), "ala@example.com"), b.fact(sale, order(1), "ala@example.com")
	checkout := b.fact(sale, "stripe:cs_1", "ala@example.com")
	dispute := b.fact(hold, "stripe:ch_1", "~stripe:ch_1", "~"+payment)
	for _, f := range []*factv1.Fact{first, second, checkout, dispute} {
		f.Links = []string{payment}
	}
	b.report(0, first)
	b.report(1, second)
	b.report(2, checkout)
	b.report(3, dispute)
	corrected := b.again(first, "ola@example.com")
	b.report(4, corrected)
	b.holds("ola@example.com", "hold sale")
	b.holds("ala@example.com", "hold sale*2")
}
