package report_test

import (
	"bytes"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/report"
)

func explained(t *testing.T, s *scene, lang report.Language, person []string, when string) string {
	t.Helper()
	return written(t, func(w *bytes.Buffer) error {
		return report.Explain(w, lang, s.policy, person, lifecycle.Explain(s.policy, s.subject, at(t, when)), s.journal)
	})
}

func TestExplain_TellsTheWholeChain(t *testing.T) {
	for _, lang := range []report.Language{report.Polish, report.English} {
		s := customer(t)
		golden(t, "explain-customer-"+string(lang)+".txt", explained(t, s, lang, []string{"ala@example.com", "stripe:cus_1"}, "2026-07-20 12:00"))
		e := eraser(t)
		golden(t, "explain-eraser-"+string(lang)+".txt", explained(t, e, lang, nil, "2028-06-02 12:00"))
	}
}
