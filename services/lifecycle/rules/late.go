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
type firstReceipts map[recordOf]time.Time

// receiptsOf returns the receipts of the first reports of the orders; nil when no sign-up names a record.
func receiptsOf(facts []fact.Fact) firstReceipts {
	named := false
	for i := range facts {
		named = named || namesRecord(&facts[i])
	}
	if !named {
		return nil
	}
	first := firstReceipts{}
	for i := range facts {
		f := &facts[i]
		if f.Ref == "" || !f.Kind.IsOrder() {
			continue
		}
		of := recordOf{f.Source, f.Ref}
		if at, known := first[of]; !known || f.Received.Before(at) {
			first[of] = f.Received
		}
	}
	return first
}

func namesRecord(f *fact.Fact) bool { return f.Kind == fact.KindSignup && f.Ref != "" }

// isLate reports whether a sign-up is the box of an order that was reported earlier without the box: the box
// was ticked afterwards, by the seller or by a program, under the date of the order.
func (r firstReceipts) isLate(f *fact.Fact) bool {
	if !namesRecord(f) {
		return false
	}
	first, known := r[recordOf{f.Source, f.Ref}]
	return known && !f.Occurred.After(first) && f.Received.Sub(first) > lateAfter
}
