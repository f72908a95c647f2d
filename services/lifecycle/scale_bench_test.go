package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// largeLives are persons with many facts: unpaid orders of an attack on the checkout, and the life of a good
// customer.
func largeLives(n int) map[string][]fact.Fact {
	customer := make([]fact.Fact, n)
	for i, d := range newCrowd("h", 1, 7).deliveries(n, now.AddDate(-4, 0, 0), now.AddDate(0, 0, -1), false) {
		customer[i] = plain(d)
	}
	return map[string][]fact.Fact{"orders": orders(n, now.AddDate(0, 0, -1)), "customer": customer}
}

// eachLarge measures something about persons with 50 to 50,000 facts, and reports its time for each fact.
func eachLarge(b *testing.B, measure func(b *testing.B, p *rules.Policy, facts []fact.Fact)) {
	p := lifecycletest.Policy(b)
	for _, n := range []int{50, 5000, 50_000} {
		for name, facts := range largeLives(n) {
			b.Run(fmt.Sprintf("%s=%d", name, n), func(b *testing.B) {
				measure(b, p, facts)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/fact")
			})
		}
	}
}

// BenchmarkLarge applies one more fact to a person with many facts, with the calls of the applier.
func BenchmarkLarge(b *testing.B) {
	eachLarge(b, func(b *testing.B, p *rules.Policy, facts []fact.Fact) {
		s, decisions := lifecycle.Decide(p, lifecycle.Subject{ID: "person"}, facts, now)
		ids := make([]string, len(decisions))
		for i := range decisions {
			ids[i] = decisions[i].ID
		}
		s = lifecycle.MarkSent(s, ids)
		s.Version = 1
		i := 0
		for b.Loop() {
			i++
			applyOne(b, p, s, fmt.Sprint("more", i), now.Add(time.Duration(i)*time.Second))
		}
	})
}

// applyOne applies a new order to a subject as the applier does.
func applyOne(b *testing.B, p *rules.Policy, s lifecycle.Subject, id string, at time.Time) {
	facts := []fact.Fact{{ID: id, Kind: fact.KindOrderPlaced, Ref: id, Occurred: at, Received: at}}
	if s.UnchangedBy(p, facts, at) {
		b.Fatal("the fact is known")
	}
	s = lifecycle.UnmarkEchoes(p, s, facts)
	lifecycle.Decide(p, s, lifecycle.MarkEchoes(p, s, facts), at)
}

// BenchmarkLargeExplanation explains a person with many facts. The cost of a fact must not grow with their number.
func BenchmarkLargeExplanation(b *testing.B) {
	eachLarge(b, func(b *testing.B, p *rules.Policy, facts []fact.Fact) {
		s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "person"}, facts, now)
		for b.Loop() {
			lifecycle.Explain(p, s, now)
		}
	})
}
