package ingest

import (
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Product returns the product of the first listed key. The default is a single delivery.
func (s Source) Product(keys ...string) Product {
	for _, k := range keys {
		if p, ok := s.Products[k]; ok && k != "" {
			return p
		}
	}
	return Product{Access: factv1.Access_ACCESS_ONE_OFF}
}

// Listed returns the products of the items of which a key is listed.
func (s Source) Listed(items [][]string) []Product {
	var out []Product
	for _, keys := range items {
		for _, k := range keys {
			if p, ok := s.Products[k]; ok && k != "" {
				out = append(out, p)
				break
			}
		}
	}
	return Distinct(out)
}

// Distinct returns the products without repetition, in a fixed order: the items
// of one order, in whatever order and number, make the same facts.
func Distinct(products []Product) []Product {
	slices.SortFunc(products, func(a, b Product) int {
		if a.Access != b.Access {
			return int(a.Access) - int(b.Access)
		}
		return int(a.Days) - int(b.Days)
	})
	return slices.Compact(products)
}
