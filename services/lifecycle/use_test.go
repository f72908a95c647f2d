package lifecycle_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
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

// TestMay_AskedByAnIDTheAddressThatTheAccountHadIsNoLongerInUse: a question by an account is about each address
// in use, and a later address of the account takes the place of the earlier one.
func TestMay_AskedByAnIDTheAddressThatTheAccountHadIsNoLongerInUse(t *testing.T) {
	p := lifecycletest.Policy(t)
	at := func(day int, id string, kind fact.Kind, address string, by ...string) fact.Fact {
		f := toldAt(id, kind, "", noon(2026, 3, day), noon(2026, 3, day))
		f.Address, f.By, f.Wording, f.Form = address, by, "newsletter-offers", "footer"
		return f
	}
	facts := []fact.Fact{
		at(1, "known", fact.KindIdentified, "a", "account"),
		at(2, "no", fact.KindUnsubscribe, "a", "account"),
		at(3, "changed", fact.KindIdentified, "b", "account"),
		at(4, "yes", fact.KindSignup, "b", "account"),
	}
	use := rights.Use{Purpose: "offers", Channel: "email"}
	if got := rights.May(p, facts, nil, use, noon(2026, 3, 5)); !got.Allowed {
		t.Errorf("the only address in use has a consent: %+v", got)
	}
	facts = append(facts, at(5, "ordered", fact.KindSale, "a"))
	if got := rights.May(p, facts, nil, use, noon(2026, 3, 6)); got.Allowed {
		t.Errorf("the address without a consent is in use again: %+v", got)
	}
}

// TestMay_ANoWithoutAFormerConsentIsARefusal: who never consented has nothing to withdraw.
func TestMay_ANoWithoutAFormerConsentIsARefusal(t *testing.T) {
	p := lifecycletest.Policy(t)
	signup := toldAt("signup", fact.KindSignup, "", noon(2026, 3, 1), noon(2026, 3, 1))
	signup.Wording, signup.Form = "newsletter-offers", "footer"
	for name, tt := range map[string]struct {
		facts []fact.Fact
		want  rules.ConsentState
	}{
		"a refusal":                     {[]fact.Fact{no(fact.KindRefusal)}, rules.ConsentRefused},
		"an unsubscription":             {[]fact.Fact{no(fact.KindUnsubscribe)}, rules.ConsentRefused},
		"an erasure":                    {[]fact.Fact{no(fact.KindErasure)}, rules.ConsentRefused},
		"an unsubscription, once given": {[]fact.Fact{signup, no(fact.KindUnsubscribe)}, rules.ConsentWithdrawn},
		"an objection":                  {[]fact.Fact{no(fact.KindObjection)}, rules.ConsentObjected},
	} {
		got := rights.May(p, tt.facts, nil, rights.Use{Purpose: "offers", Channel: "email"}, noon(2026, 3, 6))
		if got.Reason != rights.UseReason(tt.want) || got.Allowed {
			t.Errorf("%s: got %+v, want %s", name, got, tt.want)
		}
	}
}

// no is an act against consent.
func no(kind fact.Kind) fact.Fact {
	return toldAt("no", kind, "", noon(2026, 3, 5), noon(2026, 3, 5))
}
