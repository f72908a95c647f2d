package ingest

import (
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Traits that adapters set or read.
const (
	// TraitTest marks a test.
	TraitTest = "test"
	// TraitBusiness marks a buyer with a tax number.
	TraitBusiness = "business"
	// TraitUnproven marks a sign-up that is no act of the person by itself, such as an import.
	TraitUnproven = "unproven"
	// TraitUnattributed marks an unsubscription of which the platform does not report whose act it was.
	TraitUnattributed = "unattributed"
)

// IsTrait reports whether s is a trait of the core that a sender may set. The trait "echo" is not: the core
// alone marks an echo.
func IsTrait(s string) bool {
	switch s {
	case TraitTest, TraitBusiness, TraitUnproven, TraitUnattributed, "sole_trader", "oss",
		"preticked", "forced", "child", "parent_agreed",
		"unverified", "authenticated", "limitation",
		"inaccurate", "unlawful", "for_claims", "objected", "by_letter", "by_email", "by_voice", "by_form":
		return true
	}
	return false
}

// MarkBusiness adds TraitBusiness to every sale among the facts. The facts must have their ids: a
// sale with and without the trait is one sale.
func MarkBusiness(facts []*factv1.Fact) {
	for _, f := range facts {
		if f.GetKind() == factv1.Kind_KIND_SALE && !slices.Contains(f.GetTraits(), TraitBusiness) {
			f.Traits = append(f.Traits, TraitBusiness)
		}
	}
}
