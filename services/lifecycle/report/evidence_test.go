package report_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func TestEvidenceOf_SaysWhatIsMissingAndWhatToDo(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Source: "letters", Wording: "nobody-knows"})
	got := report.EvidenceOf(s.policy, s.subject, at(t, "2026-03-02 10:00"))
	if len(got) != 1 || got[0].Provable || got[0].Purpose != "newsletter" || got[0].Channel != "email" ||
		got[0].Shown != "" {
		t.Fatalf("got %+v", got)
	}
	fails := map[rules.Flaw]bool{}
	for _, f := range got[0].Flaws {
		fails[f.Flaw] = f.Fails
		for _, text := range []report.Text{f.Missing, f.Why, f.Do} {
			if text.PL == "" || text.EN == "" || text.PL == text.EN {
				t.Errorf("%s says %+v", f.Flaw, text)
			}
		}
	}
	if len(fails) != 3 || !fails[rules.FlawWording] || !fails[rules.FlawTrace] ||
		fails[rules.FlawUnconfirmed] {
		t.Errorf("the flaws are %v", fails)
	}
	if got[0].Says.PL == "" ||
		got[0].Says.EN != "This consent cannot be demonstrated today (Art. 7(1) GDPR). Send no messages on the basis of the consent until the evidence is complete." {
		t.Errorf("it says %+v", got[0].Says)
	}
}

func TestEvidenceOf_TheBestActShowsAConsent(t *testing.T) {
	s := newScene(t)
	confirmed := at(t, "2026-03-01 10:05")
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{
			Kind:        fact.KindSignup,
			Source:      "letters",
			Wording:     "newsletter-editorial",
			Form:        "footer",
			DoubleOptIn: &confirmed,
		},
	)
	s.tell(t, "2026-03-05 10:00", fact.Fact{Kind: fact.KindSignup, Source: "shop", Wording: "nobody-knows"})
	got := report.EvidenceOf(s.policy, s.subject, at(t, "2026-03-06 10:00"))
	if len(got) != 1 || !got[0].Provable || got[0].Source != "letters" || got[0].Form != "footer" ||
		got[0].Confirmed == nil ||
		len(got[0].Flaws) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestEvidenceOf_WhatDoesNotStandNeedsNoProof(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-editorial"})
	s.tell(t, "2026-03-05 10:00", fact.Fact{Kind: fact.KindUnsubscribe})
	if got := report.EvidenceOf(s.policy, s.subject, at(t, "2026-03-06 10:00")); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
