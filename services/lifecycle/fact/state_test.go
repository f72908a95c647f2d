package fact_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// TestStateTime: a state is never later than its receipt, and of two states of one second the one received
// later counts as the later state.
func TestStateTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	if got := fact.StateTime(at.Add(time.Hour), at); !got.Equal(at) {
		t.Errorf("a clock ahead gives %s, want the receipt %s", got, at)
	}
	if want := at.Add(20 * time.Millisecond); !fact.StateTime(want, at.Add(time.Minute)).Equal(want) {
		t.Errorf("a time with milliseconds is changed")
	}
	last := at
	for _, delay := range []time.Duration{20 * time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		got := fact.StateTime(at, at.Add(delay))
		if !got.After(last) || got.Sub(at) >= time.Second {
			t.Errorf("received after %s: %s, want a later time within the second of %s", delay, got, at)
		}
		last = got
	}
}

// TestIsUnproven: a sign-up under the account of another person is no act of the person.
func TestIsUnproven(t *testing.T) {
	for name, f := range map[string]fact.Fact{
		"by a system":           {Kind: fact.KindSignup, Traits: []string{fact.TraitUnproven}},
		"under another account": {Kind: fact.KindSignup, OtherAccount: true},
	} {
		if !f.IsUnproven() {
			t.Errorf("%s: proven, want unproven", name)
		}
	}
}

// TestCombine_TheLatestStateSaysWhetherARefundWasFull: the reports of a refund arrive in any order, one by one
// or together, some of them twice.
func TestCombine_TheLatestStateSaysWhetherARefundWasFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		var reports []fact.Fact
		for i := range rapid.IntRange(1, 6).Draw(t, "reports") {
			asOf := at.Add(time.Duration(i) * time.Hour)
			reports = append(reports, fact.Fact{
				ID: "refund", Kind: fact.KindRefund, Ref: "order-1", StateOf: "order-1", AsOf: &asOf,
				Occurred: asOf, Received: asOf, Full: rapid.Bool().Draw(t, "full"),
			})
		}
		want := reports[len(reports)-1].Full
		var have []fact.Fact
		sent := append(reports, rapid.SampledFrom(reports).Draw(t, "sent twice"))
		sent = rapid.Permutation(sent).Draw(t, "order")
		for len(sent) > 0 {
			n := rapid.IntRange(1, len(sent)).Draw(t, "together")
			have, sent = fact.Combine(have, sent[:n]), sent[n:]
		}
		if len(have) != 1 || have[0].Full != want {
			t.Fatalf("got %+v, want one refund, full: %t", have, want)
		}
	})
}

// TestCombine_ARefundAloneTakesNothingBack: a report of the refund without its record does not know the price.
func TestCombine_ARefundAloneTakesNothingBack(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour)
	charge := fact.Fact{
		ID: "r", Kind: fact.KindRefund, Ref: "ch_1", StateOf: "re_1", AsOf: &at, Occurred: at, Received: at,
	}
	alone := charge
	charge.Full, alone.AsOf, alone.Received = true, &later, later
	if got := fact.Combine([]fact.Fact{charge}, []fact.Fact{alone}); !got[0].Full {
		t.Error("the full refund is taken back")
	}
}

// TestCombine_ASignupIsAsOldAsItsEarliestReport: in whatever order the reports arrive.
func TestCombine_ASignupIsAsOldAsItsEarliestReport(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	report := func(occurred, received int) fact.Fact {
		return fact.Fact{
			ID:       "box",
			Kind:     fact.KindSignup,
			Occurred: at.AddDate(0, 0, occurred),
			Received: at.AddDate(0, 0, received),
		}
	}
	first, edited := report(0, 1), report(5, 6)
	late := report(0, 9)
	for name, all := range map[string][]fact.Fact{
		"in order": {first, edited}, "the first report late": {edited, late}, "all": {late, edited, first},
	} {
		got := fact.Combine(all[:1], all[1:])
		if len(got) != 1 || !got[0].Occurred.Equal(at) {
			t.Errorf("%s: %+v, want one sign-up of %s", name, got, at)
		}
	}
}

// TestCombine_ASaleLinksThePaymentThatALaterReportNames: the shop learns the payment after the order, and names the
// last one of an order that was paid twice.
func TestCombine_ASaleLinksThePaymentThatALaterReportNames(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	report := func(hours int, links ...string) fact.Fact {
		asOf := at.Add(time.Duration(hours) * time.Hour)
		return fact.Fact{
			ID: "sale", Kind: fact.KindSale, Ref: "order-1", StateOf: "order-1", AsOf: &asOf,
			Occurred: at, Received: asOf, Links: links,
		}
	}
	for name, c := range map[string]struct {
		reports []fact.Fact
		want    string
	}{
		"no payment, then one": {[]fact.Fact{report(0), report(1, "pi_1")}, "pi_1"},
		"two payments":         {[]fact.Fact{report(0, "pi_1"), report(1, "pi_2")}, "pi_2"},
		"the payment is gone":  {[]fact.Fact{report(0, "pi_1"), report(1)}, "pi_1"},
	} {
		for _, reversed := range []bool{false, true} {
			if reversed {
				slices.Reverse(c.reports)
			}
			got := fact.Combine(c.reports[:1], c.reports[1:])
			if len(got) != 1 || !slices.Equal(got[0].Links, []string{c.want}) {
				t.Errorf("%s, reversed %t: the links are %v, want %s", name, reversed, got[0].Links, c.want)
			}
		}
	}
}

// TestNormalized_NoTimeLeavesTheCalendar: a contract that is paid until the year 9999 is one of a hundred years.
func TestNormalized_NoTimeLeavesTheCalendar(t *testing.T) {
	received := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	until := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	f := fact.Fact{Kind: fact.KindSale, Occurred: received, Received: received, PaidUntil: &until}.Normalized()
	if year := f.PaidUntil.Year(); year > 2126 {
		t.Errorf("paid until the year %d, want 2126 at the latest", year)
	}
}
