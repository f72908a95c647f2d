package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// compact drops the facts of contracts without a basis, and in the end the acts of the person as a
// whole. Facts stay for the intake period after their receipt, so that related facts may arrive in
// any order. Dropped facts leave tombstones.
func (s *Subject) compact(h *rules.Evaluation, at time.Time) {
	var needed *rules.Needed
	var stated []*fact.Fact
	guessed := s.isHeldFor(decision.HeldUnlisted)
	drops := func(f *fact.Fact) bool {
		if f.Kind == fact.KindIdentified && f.Ref+f.Contract == "" && len(f.Links)+len(f.Traits) == 0 {
			if !s.changesAddress(f, stated) {
				return true // an identification raises no basis
			}
			stated = append(stated, f)
		}
		if f.Received.AddDate(0, 0, h.Policy().IntakeDays).After(at) {
			return false
		}
		if guessed && h.Policy().IsGuessed(f) {
			return false // a deletion waits for the product of the sale
		}
		if needed == nil {
			needed = h.NeededFacts(at)
		}
		return !needed.Has(f.ID)
	}
	first := 0
	for first < len(s.Facts) && !drops(&s.Facts[first]) {
		first++
	}
	if first == len(s.Facts) {
		return
	}
	kept := append(make([]fact.Fact, 0, len(s.Facts)), s.Facts[:first]...)
	var dropped, gone []fact.Fact
	for i := first; i < len(s.Facts); i++ {
		f := &s.Facts[i]
		if !drops(f) {
			kept = append(kept, *f)
			continue
		}
		dropped = append(dropped, *f)
		// A later state may repeat a void fact: a void fact leaves no tombstone.
		if f.Kind.AddsData() && f.Kind != fact.KindIdentified && f.Void == nil {
			gone = append(gone, *f)
		}
	}
	s.Facts = fact.ForgetStates(kept, dropped)
	s.addTombstones(gone, at)
}

// changesAddress reports whether an identification gives an account of the person the address of another person,
// with whom the person was not joined, or yet another address after that. The names of the person do not tell that
// the account has this address. stated are the earlier identifications of this kind.
func (s *Subject) changesAddress(f *fact.Fact, stated []*fact.Fact) bool {
	for _, before := range slices.Backward(stated) {
		if rules.ShareName(before, f) {
			return f.Address != "" && f.Address != before.Address
		}
	}
	return f.Address != "" && len(f.By) > 0 && len(s.Keys) > 0 && !slices.Contains(s.Keys, f.Address)
}
