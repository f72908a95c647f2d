package ingest

import (
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Traits that adapters give to facts or ask of them.
const (
	// TraitTest marks what is not real.
	TraitTest = "test"
	// TraitBusiness marks a buyer with a tax number.
	TraitBusiness = "business"
)

// IsTrait tells whether s is a trait that lifecycle knows.
func IsTrait(s string) bool {
	switch s {
	case TraitTest, TraitBusiness, "sole_trader", "oss",
		"preticked", "forced", "child", "parent_agreed",
		"unverified", "authenticated", "limitation",
		"inaccurate", "unlawful", "for_claims", "objected":
		return true
	}
	return false
}

// MarkBusiness gives every sale among the facts TraitBusiness. The facts must be
// sealed before: a sale that was told without the trait is the same sale.
func MarkBusiness(facts []*factv1.Fact) {
	for _, f := range facts {
		if f.Kind == factv1.Kind_KIND_SALE && !slices.Contains(f.Traits, TraitBusiness) {
			f.Traits = append(f.Traits, TraitBusiness)
		}
	}
}
