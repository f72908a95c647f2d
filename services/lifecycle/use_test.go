package lifecycle_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// TestBans_ARestrictionOnAnyGroundStopsUse: under the shipped policy a restriction of
// what is inaccurate keeps nothing longer, and still nothing may be used meanwhile.
func TestBans_ARestrictionOnAnyGroundStopsUse(t *testing.T) {
	p := lifecycletest.Policy(t)
	asked, lifted := noon(2026, 3, 5), noon(2026, 4, 1)
	for _, ground := range []string{
		"inaccurate", "unlawful", fact.TraitForClaims, "objected",
	} {
		restriction := toldAt("restriction", fact.KindRestriction, "req-1", asked, asked)
		restriction.Traits = []string{ground}
		lift := toldAt("lift", fact.KindRestrictionLifted, "req-1", lifted, lifted)
		lift.InformedAt = &asked
		s := lifecycle.Subject{ID: "ala", Facts: []fact.Fact{
			toldAt("sale", fact.KindSale, "order-1", noon(2026, 2, 1), noon(2026, 2, 1)), restriction, lift,
		}}
		for day, want := range map[int]bool{1: false, 4: false, 5: true, 31: true, 32: false} {
			bans := rights.Bans(p, s.Facts, noon(2026, 3, day))
			if got := len(bans) == 1 && bans[0].Reason == rights.ReasonRestricted && bans[0].Since.Equal(asked); got != want {
				t.Errorf("%s, on day %d of March: %+v", ground, day, bans)
			}
		}
	}
}
