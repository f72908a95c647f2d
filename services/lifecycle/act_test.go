package lifecycle_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// TestMay_SaysYesExactlyWhereEvidenceProvesAConsent: the list of evidence and the answer
// before a campaign never contradict each other.
func TestMay_SaysYesExactlyWhereEvidenceProvesAConsent(t *testing.T) {
	p := lifecycletest.Policy(t)
	yes, unproven := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		facts := anyHistory(t)
		for i := range 3 { // sign-ups, so that the histories show consents
			f := anyFact(t, 50+i)
			f.Kind = fact.KindSignup
			facts = append(facts, f)
		}
		s := decideAll(p, [][]fact.Fact{facts})
		address := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "address")
		for _, purpose := range []string{"newsletter", "offers"} {
			for _, channel := range []string{"email", "sms", "phone"} {
				use := rights.Use{Purpose: purpose, Channel: channel, Address: address}
				may := s.May(p, use, now)
				want := proven(p, &s, use) && !slices.ContainsFunc(
					rights.Bans(p, s.Facts, now),
					func(b rights.Ban) bool { return b.Purpose == "" || b.Purpose == purpose },
				)
				if may.Allowed != want {
					t.Fatalf("%s by %s to %q: may says %+v, and the evidence %v", purpose, channel, address, may, want)
				}
				if (len(may.Flaws) > 0) != (may.Reason == rights.UseReason(rules.ConsentUnproven)) {
					t.Fatalf("%s by %s: %+v", purpose, channel, may)
				}
				if may.Allowed {
					yes++
				}
				if len(may.Flaws) > 0 {
					unproven++
				}
			}
		}
	})
	if yes == 0 || unproven == 0 {
		t.Errorf("%d times yes, %d times unproven: the histories show nothing", yes, unproven)
	}
}

// proven reports whether the list of evidence shows a proven consent to a use; for one address
// the acts of the consents for the address decide, and without one each address in use has such a consent.
func proven(p *rules.Policy, s *lifecycle.Subject, use rights.Use) bool {
	listed := slices.ContainsFunc(report.EvidenceOf(p, *s, now), func(e report.Evidence) bool {
		return e.Purpose == use.Purpose && e.Channel == use.Channel && e.Provable
	})
	if use.Address == "" {
		for _, address := range rules.Addresses(s.Facts, now) {
			at := use
			at.Address = address
			listed = listed && (use.Channel != rules.ChannelEmail || proven(p, s, at))
		}
		return listed
	}
	return slices.ContainsFunc(s.Consents(p, now), func(c rules.Consent) bool {
		return c.Stands() && c.Purpose == use.Purpose && c.Channel == use.Channel && c.CoversAddress(use.Address) &&
			slices.ContainsFunc(c.Given, func(g rules.Grant) bool {
				return !slices.ContainsFunc(g.Flaws, rules.Flaw.Fails)
			})
	})
}

// TestDecide_NoObservationMakesASubjectGrow: a platform that reports a profile again and
// again leaves one observation a day, and one at the end.
func TestDecide_NoObservationMakesASubjectGrow(t *testing.T) {
	p := lifecycletest.Policy(t)
	begin := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	listed := func(id string, at time.Time) fact.Fact {
		return fact.Fact{ID: id, Kind: fact.KindListed, Source: "letters", Occurred: at, Received: at}
	}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{{
		ID: "signup", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "footer", Occurred: begin, Received: begin,
	}}, begin)
	s.Version = 1
	first, second := listed("first", begin.Add(time.Hour)), listed("second", begin.Add(2*time.Hour))
	s, _ = lifecycle.Decide(p, s, []fact.Fact{second}, second.Occurred)
	if !s.UnchangedBy(p, []fact.Fact{first}, second.Occurred) {
		t.Error("an observation of before changes something")
	}
	if later := listed("later", begin.Add(3*time.Hour)); s.UnchangedBy(p, []fact.Fact{later}, later.Occurred) {
		t.Error("a later observation changes nothing")
	}
	bounce := begin.AddDate(0, 0, 50)
	at := begin
	for day := range 100 {
		at = begin.AddDate(0, 0, day)
		for range 3 {
			at = at.Add(time.Hour)
			s, _ = lifecycle.Decide(p, s, []fact.Fact{listed(at.Format(time.RFC3339), at)}, at)
		}
		if at.After(bounce) && !hasFact(s.Facts, "bounce") {
			s, _ = lifecycle.Decide(p, s, []fact.Fact{
				{ID: "bounce", Kind: fact.KindBounce, Occurred: at, Received: at},
			}, at)
		}
		if len(s.Facts) > p.IntakeDays+5 {
			t.Fatalf("after %d days there are %d facts: %+v", day, len(s.Facts), s.Facts)
		}
	}
	s, _ = lifecycle.Decide(p, s, []fact.Fact{listed("last", at.AddDate(0, 2, 0))}, at.AddDate(0, 2, 0))
	var ids []string
	for _, f := range s.Facts {
		ids = append(ids, f.ID)
	}
	if want := "signup bounce 2026-04-21T13:00:00Z last"; strings.Join(ids, " ") != want {
		t.Errorf("left are %v, want %s", ids, want)
	}
	if may := s.May(p, rights.Use{Purpose: "offers", Channel: "email"}, at.AddDate(0, 2, 0)); !may.Allowed {
		t.Errorf("a bounce that is over: %+v", may)
	}
}

func hasFact(facts []fact.Fact, id string) bool {
	return slices.ContainsFunc(facts, func(f fact.Fact) bool { return f.ID == id })
}
