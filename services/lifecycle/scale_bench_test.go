package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// BenchmarkLarge applies one more fact to a person with many facts: unpaid orders of an attack on the checkout, and the
// life of a good customer.
func BenchmarkLarge(b *testing.B) {
	p := lifecycletest.Policy(b)
	for _, n := range []int{50, 5000, 50_000} {
		lives := map[string][]fact.Fact{"orders": orders(n, now.AddDate(0, 0, -1))}
		customer := make([]fact.Fact, n)
		for i, d := range newCrowd("h", 1, 7).deliveries(n, now.AddDate(-4, 0, 0), now.AddDate(0, 0, -1), false) {
			customer[i] = plain(d)
		}
		lives["customer"] = customer
		for name, facts := range lives {
			b.Run(fmt.Sprintf("%s=%d", name, n), func(b *testing.B) {
				s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "person"}, facts, now)
				i := 0
				for b.Loop() {
					i++
					at := now.Add(time.Duration(i) * time.Second)
					f := fact.Fact{
						ID:       fmt.Sprint("more", i),
						Kind:     fact.KindOrderPlaced,
						Ref:      fmt.Sprint("more", i),
						Occurred: at,
						Received: at,
					}
					lifecycle.Decide(p, s, []fact.Fact{f}, at)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/fact")
			})
		}
	}
}
