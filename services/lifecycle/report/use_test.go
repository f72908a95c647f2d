package report_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

func TestPermissionOf_SaysWhatAnUnprovenConsentLacks(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Source: "letters", Form: "footer"})
	use := rights.Use{Purpose: "newsletter", Channel: "email"}
	got := report.PermissionOf(s.policy, s.subject.May(s.policy, use, at(t, "2026-03-02 10:00")))
	want := report.Text{
		PL: "Osoba jest na liście od 1 marca 2026 r., ale brakuje dowodu zgody: Treść, na którą wyrażono zgodę, nie jest znana. Ustaw treść zgody (wording) przy źródle albo zapisz dowód zgody.",
		EN: "On the list since 1 March 2026, proof of consent missing: The accepted text is unknown. Set the wording at the source, or record the proof.",
	}
	if got.Allowed || !got.Box || got.Says == nil || *got.Says != want {
		t.Errorf("got %+v, says %+v", got, got.Says)
	}
	s.tell(
		t,
		"2026-03-03 10:00",
		fact.Fact{Kind: fact.KindSignup, Source: "letters", Form: "footer", Wording: "newsletter-editorial"},
	)
	got = report.PermissionOf(s.policy, s.subject.May(s.policy, use, at(t, "2026-03-04 10:00")))
	if !got.Allowed || got.Says != nil || len(got.Flaws) > 0 {
		t.Errorf("with the wording: %+v", got)
	}
}
