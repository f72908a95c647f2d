package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// compact drops the facts of contracts without a basis, and in the end the acts of the person as a
// whole. Facts stay for the intake period after their receipt, so that related facts may arrive in
// any order. Dropped facts leave tombstones.
func (s *Subject) compact(h *rules.Evaluation, at time.Time) {
	alive := h.NeededFacts(at)
	var gone []fact.Fact
	s.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f fact.Fact) bool {
		if f.Kind == fact.KindIdentified && f.Ref+f.Contract == "" && len(f.Links)+len(f.Traits) == 0 {
			return true // an identification raises no basis
		}
		drop := !f.Received.AddDate(0, 0, h.Policy().IntakeDays).After(at) && !alive[f.ID]
		// A later state may repeat a void fact: a void fact leaves no tombstone.
		if drop && f.Kind.AddsData() && f.Kind != fact.KindIdentified && f.Void == nil {
			gone = append(gone, f)
		}
		return drop
	})
	s.addTombstones(gone, at)
}
