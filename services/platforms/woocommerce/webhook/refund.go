package webhook

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const statusRefunded = "refunded"

// refunds reads the list of refunds, whose totals are negative; a partial refund keeps the status
// of the order. Refunds of a webhook carry no date: the order's last change serves as the time and has no
// influence on the id, because every later change of the order repeats the refunds. A history dates the refunds.
//
// The last refund of a fully refunded order returned the rest of the price: that refund alone is a full
// refund, so that the earlier ones keep their dates.
func (r *reader) refunds() []*factv1.Fact {
	var facts []*factv1.Fact
	for _, back := range r.record.Refunds {
		if total, ok := amount(string(back.Total)); ok && total == 0 {
			continue
		}
		link := r.name("refund", back.ID)
		f := r.refund(link)
		if at := r.when(back.CreatedGMT, back.Created); at != nil {
			f.Occurred = at
		}
		if link != "" {
			f.Links = []string{link}
		}
		facts = append(facts, f)
	}
	if len(facts) == 0 && r.record.Status == statusRefunded {
		facts = append(facts, r.refund(""))
	}
	if len(facts) > 0 && r.record.fullyRefunded() {
		last := slices.MaxFunc(facts, compareRefunds)
		last.Full = true
	}
	return facts
}

// refund returns the fact of a refund. Whether the refund was a full one has no influence on the id.
func (r *reader) refund(link string) *factv1.Fact {
	f := &factv1.Fact{Kind: factv1.Kind_KIND_REFUND, Ref: r.ref(), Occurred: r.modified()}
	ingest.AssignUndatedID(r.ID, f, link)
	return f
}

// compareRefunds orders refunds by their numbers, which grow.
func compareRefunds(a, b *factv1.Fact) int {
	one, two := strings.Join(a.GetLinks(), ""), strings.Join(b.GetLinks(), "")
	return cmp.Or(cmp.Compare(len(one), len(two)), cmp.Compare(one, two))
}

// fullyRefunded reports whether the status is refunded, or the refunds add up to the price.
func (r *record) fullyRefunded() bool {
	if r.Status == statusRefunded {
		return true
	}
	left, ok := amount(string(r.Total))
	if !ok || left <= 0 {
		return false
	}
	for _, back := range r.Refunds {
		total, ok := amount(string(back.Total))
		if !ok {
			return false
		}
		if left -= max(total, -total); left <= 0 {
			return true
		}
	}
	return false
}

// amount reads a decimal amount in millionths, finer than any currency.
func amount(s string) (int64, bool) {
	s, negative := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(s, ".")
	const places = 6
	if len(whole) > 12 || len(part) > places || whole == "" || !digits(whole+part) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}
