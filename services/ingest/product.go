package ingest

import (
	"slices"
	"unicode/utf8"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/address"
)

// Everything is the key of every product that no other key lists.
const Everything = "*"

// Product returns the product of the first listed key, or else that of Everything. The default is a single delivery.
func (s Source) Product(keys ...string) Product {
	for _, k := range append(slices.Clip(keys), Everything) {
		if p, ok := s.Products[k]; ok && k != "" {
			return p
		}
	}
	return Product{Access: factv1.Access_ACCESS_ONE_OFF}
}

// The bounds of the products that a fact names.
const (
	maxUnlisted = 32
	maxKeys     = 8
	maxKey      = 64
)

// Unlisted returns the items of which no key is listed, each with its keys. The keys are those of products: a text that
// looks like an address is left out.
func (s Source) Unlisted(items ...[]string) []*factv1.Product {
	var out []*factv1.Product
	for _, keys := range items {
		known := func(k string) bool { _, ok := s.Products[k]; return ok && k != "" }
		if known(Everything) || slices.ContainsFunc(keys, known) || len(out) == maxUnlisted {
			continue
		}
		p := &factv1.Product{}
		for _, k := range keys {
			if k != "" && len(k) <= maxKey && len(p.GetKeys()) < maxKeys && utf8.ValidString(k) && !address.Looks(k) &&
				!slices.Contains(p.GetKeys(), k) {
				p.Keys = append(p.Keys, k)
			}
		}
		if !slices.ContainsFunc(out, func(have *factv1.Product) bool { return slices.Equal(have.GetKeys(), p.GetKeys()) }) {
			out = append(out, p)
		}
	}
	return out
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
