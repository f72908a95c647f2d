package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// DeletedFor returns the categories whose deletion was published because of a request for erasure, sorted: the data of
// which a basis ended when the request took effect. The journal contributes what the subject has forgotten. What was
// decided and not published yet is not deleted: a refusal of the request keeps the data.
func DeletedFor(p *rules.Policy, s *Subject, r *rights.Request, journal []chain.Entry) []string {
	if r.Right != fact.KindErasure || r.Verified == nil {
		return nil
	}
	var out []string
	add := func(decisionID, category string, lapse time.Time) {
		c := p.Categories[category]
		if lapse.Equal(*r.Verified) && !c.Pseudonymous && !c.Correspondence && !s.waits(decisionID) {
			out = append(out, category)
		}
	}
	for i := range s.Announced {
		add(s.Announced[i].Decision, s.Announced[i].Category, s.Announced[i].Lapse)
	}
	for i := range journal {
		e := &journal[i]
		if e.Kind != chain.KindDelete || e.Effective == nil || isTakenBack(journal, e.Decision) {
			continue
		}
		for _, item := range e.Items {
			add(e.Decision, item.Category, *e.Effective)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// waits reports whether a decision is not published.
func (s *Subject) waits(decisionID string) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.ID == decisionID })
}

// isTakenBack reports whether a decision of the journal was retracted, or stopped before its publication.
func isTakenBack(journal []chain.Entry, decisionID string) bool {
	return slices.ContainsFunc(journal, func(e chain.Entry) bool {
		return e.Decision == decisionID && (e.Kind == chain.KindRetracted || e.Kind == chain.KindWithdrawn)
	})
}
