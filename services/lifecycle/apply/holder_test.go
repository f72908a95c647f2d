package apply_test

import (
	"fmt"
	"slices"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// permutations calls f with every order of the numbers below n.
func permutations(n int, f func(order []int)) {
	var next func(done []int)
	next = func(done []int) {
		if len(done) == n {
			f(done)
			return
		}
		for i := range n {
			if !slices.Contains(done, i) {
				next(append(slices.Clip(done), i))
			}
		}
	}
	next(nil)
}

// TestApply_APaymentOfTwoPersonsReachesBoth: a dispute and a refund of one payment concern the orders of both
// buyers, whichever of the reports arrives first; the refund that the shop reports for one order is that order's.
func TestApply_APaymentOfTwoPersonsReachesBoth(t *testing.T) {
	permutations(4, func(arrival []int) {
		t.Run(fmt.Sprint(arrival), func(t *testing.T) {
			b := newBench(t)
			const payment = "stripe:pi_1"
			first, second := b.fact(sale, order(0), "ala@example.com"), b.fact(sale, order(1), "ola@example.com")
			dispute := b.fact(hold, "stripe:ch_1", "~stripe:ch_1", "~"+payment)
			back := b.fact(refund, "stripe:ch_1", "~stripe:ch_1", "~"+payment)
			ownBack := b.fact(refund, order(0), "~"+order(0))
			back.Id, ownBack.Id = "back", "own"
			for _, f := range []*factv1.Fact{first, second, dispute, back, ownBack} {
				f.Links = []string{payment}
			}
			reports := [][]*factv1.Fact{{first, ownBack}, {second}, {dispute}, {back}}
			for i, n := range arrival {
				b.report(i, reports[n]...)
			}
			b.holds("ala@example.com", "hold refund*2 sale")
			b.holds("ola@example.com", "hold refund sale")
			b.apart("ala@example.com", "ola@example.com")
		})
	})
}

// TestApply_TheEndOfAContractReachesEveryBuyer: of the first order, of the renewals, and of an order that is reported
// after the end.
func TestApply_TheEndOfAContractReachesEveryBuyer(t *testing.T) {
	permutations(4, func(arrival []int) {
		t.Run(fmt.Sprint(arrival), func(t *testing.T) {
			b := newBench(t)
			renewal := func(n int, email string) *factv1.Fact {
				f := b.fact(sale, order(n), email)
				f.Contract = "woocommerce:subscription/18@shop"
				return f
			}
			reports := [][]*factv1.Fact{
				{b.fact(sale, order(17), "ala@example.com")}, {renewal(19, "ola@example.com")},
				{renewal(20, "ula@example.com")}, b.subscribed(ended, "ela@example.com"),
			}
			for i, n := range arrival {
				b.report(i, reports[n]...)
			}
			for _, buyer := range []string{"ola@example.com", "ula@example.com"} {
				b.holds(buyer, "access_ended sale state")
			}
			b.holds("ala@example.com", "access_ended sale state")
			b.holds("ela@example.com", "access_ended state")
		})
	})
}

// TestApply_ACorrectedRenewalLeavesNoEndBehind: the former buyer of a renewal keeps nothing of its contract.
func TestApply_ACorrectedRenewalLeavesNoEndBehind(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(19), "wrong@example.com")
	f.Contract = "woocommerce:subscription/18@shop"
	b.report(0, b.subscribed(started, "ala@example.com")...)
	b.report(1, f)
	b.report(2, b.subscribed(ended, "ala@example.com")...)
	b.holds("wrong@example.com", "access_ended sale state*2")
	corrected := b.again(f, "right@example.com")
	corrected.Contract = f.GetContract()
	b.report(3, corrected)
	b.holds("wrong@example.com", "")
	b.holds("right@example.com", "access_ended sale state*2")
	b.report(4, b.subscribed(ended, "ala@example.com")...)
	b.holds("wrong@example.com", "")
}
