package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Product is what a sale of a product promises.
type Product struct {
	Access fact.Access
	// Days is how long a course stays open; 0 means without an end.
	Days int
}

// Everything is the key of every product that no other key lists.
const Everything = "*"

// IsGuessed reports whether a sale is of a product that the configuration does not list, so that its access is a guess.
func (p *Policy) IsGuessed(f *fact.Fact) bool { return len(p.Guessed(f)) > 0 }

// Guessed returns the products of a sale that the configuration does not list, each with its keys.
func (p *Policy) Guessed(f *fact.Fact) [][]string {
	if f.Kind != fact.KindSale || f.Void != nil {
		return nil
	}
	var out [][]string
	for _, keys := range f.Unlisted {
		if _, listed := p.product(f.Source, keys); !listed {
			out = append(out, keys)
		}
	}
	return out
}

// product returns the product that the configuration of a source lists under one of the keys.
func (p *Policy) product(source string, keys []string) (Product, bool) {
	of := p.Products[source]
	for _, key := range keys {
		if found, ok := of[key]; ok {
			return found, true
		}
	}
	found, ok := of[Everything]
	return found, ok
}

// relisted returns the sale once more for each other access of its products that the configuration lists since. The
// sale itself stays: other products of the sale may be delivered once.
func (p *Policy) relisted(f *fact.Fact) []*fact.Fact {
	var out []*fact.Fact
	var seen []Product
	for _, keys := range f.Unlisted {
		found, ok := p.product(f.Source, keys)
		if !ok || found == (Product{Access: f.Access, Days: f.AccessDays}) || slices.Contains(seen, found) {
			continue
		}
		seen = append(seen, found)
		sale := *f
		sale.Access, sale.AccessDays = found.Access, found.Days
		sale.PerformanceAwaited = f.PerformanceAwaited && found.Access == fact.AccessService
		out = append(out, &sale)
	}
	return out
}
