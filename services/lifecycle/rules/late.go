package rules

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// lateAfter is how long after the first report of an order the consent box of the order may be reported:
// plug-ins store the box after the order, and webhooks overtake one another.
const lateAfter = 24 * time.Hour

// recordOf names a record of a source.
type recordOf struct{ source, ref string }

// firstReceipts are the receipts of the first reports of orders.
type firstReceipts struct{ known table[recordOf, time.Time] }

// receiptsOf returns the receipts of the first reports of the orders, as far as sign-ups name the orders.
func receiptsOf(facts []fact.Fact) *firstReceipts {
	r := &firstReceipts{}
	for i := range facts {
		if f := &facts[i]; namesRecord(f) {
			r.known.at(recordOf{f.Source, f.Ref})
		}
	}
	if len(r.known.keys) == 0 {
		return r
	}
	for i := range facts {
		f := &facts[i]
		if f.Ref == "" || !f.Kind.IsOrder() {
			continue
		}
		n := r.known.place(recordOf{f.Source, f.Ref})
		if n < 0 {
			continue
		}
		if first := &r.known.values[n]; first.IsZero() || f.Received.Before(*first) {
			*first = f.Received
		}
	}
	return r
}

func namesRecord(f *fact.Fact) bool { return f.Kind == fact.KindSignup && f.Ref != "" }

// isLate reports whether a sign-up is the box of an order that was reported earlier without the box: the box
// was ticked afterwards, by the seller or by a program, under the date of the order.
func (r *firstReceipts) isLate(f *fact.Fact) bool {
	if !namesRecord(f) {
		return false
	}
	first := r.known.get(recordOf{f.Source, f.Ref})
	return !first.IsZero() && !f.Occurred.After(first) && f.Received.Sub(first) > lateAfter
}
