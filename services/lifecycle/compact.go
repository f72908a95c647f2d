package lifecycle

import (
	"slices"
	"time"
)

// compact drops the facts of contracts without a basis, and in the end the acts of the person as a
// whole. Facts stay for the intake period after their receipt, so that related facts may arrive in
// any order. Dropped facts leave tombstones.
func (s *Subject) compact(h *Evaluation, at time.Time) {
	alive := h.NeededFacts(at)
	var gone []Fact
	s.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f Fact) bool {
		if f.Kind == KindIdentified && f.Ref+f.Contract == "" && len(f.Links)+len(f.Traits) == 0 {
			return true // an identification raises no basis
		}
		drop := !f.Received.AddDate(0, 0, h.Policy().IntakeDays).After(at) && !alive[f.ID]
		if drop && f.Kind.AddsData() && f.Kind != KindIdentified {
			gone = append(gone, f)
		}
		return drop
	})
	s.addTombstones(gone, at)
}
