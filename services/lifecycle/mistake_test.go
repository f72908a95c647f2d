package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// mistakenAt closes a request as recorded by mistake.
func mistakenAt(ref string, at time.Time) fact.Fact {
	f := toldAt("mistake-"+ref, fact.KindRequestAnswered, ref, at, at)
	f.Outcome, f.Reason = fact.OutcomeMistaken, "another person"
	return f
}

// deletes reports whether data of a category are to be deleted.
func deletes(s *lifecycle.Subject, category string) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
		return slices.ContainsFunc(d.Items(), func(i rules.Item) bool { return i.Category == category })
	})
}

// TestBases_AMistakenRequestLeavesItsRecordAlone: a request that was recorded by mistake ends and holds nothing, and
// the record of the request stays as long as that of any other. What another fact carries stays.
func TestBases_AMistakenRequestLeavesItsRecordAlone(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold, signedUp, _, _ := refusedErasure()
	request := func(ref string, kind fact.Kind, traits ...string) fact.Fact {
		f := toldAt(ref, kind, ref, noon(2026, 3, 5), noon(2026, 3, 5))
		f.Traits = traits
		return f
	}
	toClaims := request("claims", fact.KindObjection)
	toClaims.Purposes = []string{"claims"}
	granted := toldAt("granted", fact.KindRequestDecided, "claims", noon(2026, 3, 6), noon(2026, 3, 6))
	granted.Outcome = fact.OutcomeGranted
	of := func(facts ...fact.Fact) []string {
		var out []string
		for _, b := range rules.Bases(p, append([]fact.Fact{sold, signedUp}, facts...)) {
			if b.Stands(noon(2026, 4, 1)) && b.Purpose != "requests" {
				out = append(out, b.Purpose)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	want := of()
	for name, facts := range map[string][]fact.Fact{
		"erasure":                {request("r", fact.KindErasure)},
		"unverified erasure":     {request("r", fact.KindErasure, fact.TraitUnverified)},
		"restriction":            {request("r", fact.KindRestriction, "inaccurate")},
		"restriction for claims": {request("r", fact.KindRestriction, fact.TraitForClaims)},
		"objection to marketing": {request("r", fact.KindObjection)},
		"granted objection":      {withRef(toClaims, "r"), withRef(granted, "r")},
		"access":                 {request("r", fact.KindAccessRequest)},
	} {
		got := of(append(facts, mistakenAt("r", noon(2026, 3, 8)))...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s recorded by mistake: the purposes (-want +got):\n%s", name, diff)
		}
		// Another request of the same kind has its effect.
		if diff := cmp.Diff(of(facts...), of(append(facts, mistakenAt("other", noon(2026, 3, 8)))...)); diff != "" {
			t.Errorf("%s beside another mistake (-want +got):\n%s", name, diff)
		}
	}
	all := append([]fact.Fact{sold, signedUp, request("r", fact.KindErasure)}, mistakenAt("r", noon(2026, 3, 8)))
	for _, b := range rules.Bases(p, all) {
		if b.Purpose != "requests" {
			continue
		}
		kept := b.Keeps[0].Category
		want := map[string]time.Time{"dsr_case": noon(2026, 3, 8), "dsr_log": time.Date(2029, 3, 8, 23, 0, 0, 0, time.UTC)}
		if b.Until == nil || !b.Until.Equal(want[kept]) {
			t.Errorf("%s lapses at %v, want %s", kept, b.Until, want[kept])
		}
	}
}

// TestRequests_AMistakenOneIsClosedWithoutAnAnswer, and bans nothing: from the instant on in which that was recorded.
func TestRequests_AMistakenOneIsClosedWithoutAnAnswer(t *testing.T) {
	p := lifecycletest.Policy(t)
	restriction := toldAt("r", fact.KindRestriction, "r", noon(2026, 3, 5), noon(2026, 3, 5))
	restriction.Traits = []string{"inaccurate"}
	erasure := toldAt("e", fact.KindErasure, "e", noon(2026, 3, 5), noon(2026, 3, 5))
	erasure.Traits = []string{fact.TraitUnverified}
	decided := toldAt("d", fact.KindRequestDecided, "r", noon(2026, 3, 6), noon(2026, 3, 6))
	decided.Outcome, decided.Reason = fact.OutcomePartly, "a part"
	facts := []fact.Fact{
		restriction,
		erasure,
		decided,
		mistakenAt("r", noon(2026, 3, 8)),
		mistakenAt("e", noon(2026, 3, 8)),
	}
	if got := rights.Bans(p, facts, noon(2026, 3, 7)); len(got) == 0 {
		t.Error("before the mistake was known: got no ban, want the restriction")
	}
	late := noon(2026, 9, 1)
	if got := rights.Bans(p, facts, late); len(got) > 0 {
		t.Errorf("after the mistake was known: got the bans %+v, want none", got)
	}
	got := rights.Requests(p, facts, late)
	if len(got) != 2 {
		t.Fatalf("got %d requests, want 2", len(got))
	}
	for i := range got {
		r := &got[i]
		if r.Open() || r.State != rights.StateMistaken || r.Answered != nil || r.Overdue || r.Outcome != "" ||
			r.Reason != "another person" || r.Mistaken == nil || !r.Mistaken.Equal(noon(2026, 3, 8)) {
			t.Errorf("got %+v, want a request that is closed without an answer", r)
		}
		for _, step := range []rights.StepKind{rights.StepVerify, rights.StepDecide, rights.StepAnswer, rights.StepMistake} {
			_, err := r.Take(rights.Step{Kind: step, At: late, Outcome: fact.OutcomeGranted, Reason: "r"})
			if !isCause(err, rights.CauseMistaken) {
				t.Errorf("%s of a closed request: got %v, want %s", step, err, rights.CauseMistaken)
			}
		}
	}
	if due := rights.NextDue(got); due != nil {
		t.Errorf("an answer is due by %s, want none", due)
	}
}

// TestDecide_AMistakenErasureStaysWithoutEffect also once its facts are older than the intake period: the end of a
// request is kept with the request.
func TestDecide_AMistakenErasureStaysWithoutEffect(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold, signedUp, asked, _ := refusedErasure()
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{sold, signedUp, asked}, noon(2026, 3, 5))
	if !deletes(&s, "newsletter") {
		t.Fatal("the erasure deletes nothing")
	}
	s, _ = lifecycle.Decide(p, s, []fact.Fact{mistakenAt("req-1", noon(2026, 3, 6))}, noon(2026, 3, 6))
	if deletes(&s, "newsletter") || !deletes(&s, "dsr_case") {
		t.Errorf("after the mistake there is to delete %+v, want the request alone", s.Outbox)
	}
	if s.RequestDue != nil {
		t.Errorf("an answer is due by %s, want none", s.RequestDue)
	}
	for _, at := range []time.Time{noon(2026, 5, 1), noon(2027, 5, 1), noon(2030, 5, 1)} {
		s, _ = lifecycle.Decide(p, s, nil, at)
		use := rights.Use{Purpose: "newsletter", Channel: "email"}
		if got := s.May(p, use, at); !got.Allowed {
			t.Errorf("on %s the newsletter is not allowed: %+v", at.Format(time.DateOnly), got)
		}
	}
}

// TestDecide_AMistakenRestrictionReleasesWhatItHeld: the data whose period is over are deleted.
func TestDecide_AMistakenRestrictionReleasesWhatItHeld(t *testing.T) {
	p := lifecycletest.Policy(t)
	talked := toldAt("talk", fact.KindNegotiationOpened, "talk-1", noon(2026, 1, 1), noon(2026, 1, 1))
	restriction := toldAt("r", fact.KindRestriction, "r", noon(2026, 1, 2), noon(2026, 1, 2))
	restriction.Traits = []string{fact.TraitForClaims}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{talked, restriction}, noon(2026, 1, 2))
	late := noon(2033, 1, 1)
	if s, _ = lifecycle.Decide(p, s, nil, late); len(s.Outbox) > 0 {
		t.Fatalf("while the restriction stands there is to delete %+v", s.Outbox)
	}
	s, _ = lifecycle.Decide(p, s, []fact.Fact{mistakenAt("r", late)}, late)
	if !deletes(&s, "contact") {
		t.Errorf("after the mistake there is to delete %+v, want the contact data", s.Outbox)
	}
}

// TestDecide_AMistakeAfterThePublicationRetractsTheDeletion: recipients are told that the data may be held again.
func TestDecide_AMistakeAfterThePublicationRetractsTheDeletion(t *testing.T) {
	p := lifecycletest.Policy(t)
	p.Connected = []rules.ConnectedRecipient{{ID: "crm", Deletions: true, Holds: []string{"newsletter"}}}
	sold, signedUp, asked, _ := refusedErasure()
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{sold, signedUp, asked}, noon(2026, 3, 5))
	s = publish(p, s)
	s, made := lifecycle.Decide(p, s, []fact.Fact{mistakenAt("req-1", noon(2026, 3, 6))}, noon(2026, 3, 6))
	var back []string
	for i := range made {
		if made[i].Retract != nil {
			for _, item := range made[i].Retract.Items {
				back = append(back, item.Category)
			}
		}
	}
	if !slices.Contains(back, "newsletter") {
		t.Errorf("got the retracted categories %v, want the newsletter among them", back)
	}
	if lifecycle.FullyErased(s) || !s.HoldsPersonal {
		t.Error("the person counts as erased")
	}
}
