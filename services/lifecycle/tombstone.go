package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Tombstone is the keyed hash of an erased fact, so that a late redelivery or a restored backup
// does not revive the data.
type Tombstone struct {
	Mark string `json:"mark"`
	// At is the instant of the erasure, or of the latest repeated deletion.
	At time.Time `json:"at"`
}

// FullErasure is up to when all of a person was deleted.
type FullErasure struct {
	// Lapse is when the last basis ended, At when that was decided.
	Lapse time.Time `json:"lapse"`
	At    time.Time `json:"at"`
}

// splitReturning separates new facts from facts that repeat erased data. A repetition within the
// intake period is neither.
func (s *Subject) splitReturning(p *rules.Policy, facts []fact.Fact) (news, back []fact.Fact) {
	news = make([]fact.Fact, 0, len(facts))
	for i := range facts {
		news = append(news, facts[i].Normalized())
		switch f := &news[len(news)-1]; {
		case s.isReturning(p, f):
			back, news = append(back, *f), news[:len(news)-1]
		case f.Kind.AddsData() && s.tombstoneOf(f.TombstoneMark()) != nil:
			news = news[:len(news)-1]
		}
	}
	return news, back
}

// isReturning reports whether a fact repeats erased data: the fact has a tombstone, or the fact is
// old and everything about the person was erased. Within the intake period after an erasure facts
// may arrive in any order, so none is a repetition; a recent event is new.
func (s *Subject) isReturning(p *rules.Policy, f *fact.Fact) bool {
	if !f.Kind.AddsData() {
		return false
	}
	if b := s.tombstoneOf(f.TombstoneMark()); b != nil {
		return p.IsAfterIntake(f.Received, b.At)
	}
	h := s.FullErasure
	return h != nil && f.Occurred.Before(h.Lapse) && p.IsAfterIntake(f.Received, h.At) &&
		p.IsAfterIntake(f.Received, f.Occurred)
}

func (s *Subject) tombstoneOf(mark string) *Tombstone {
	n, ok := slices.BinarySearchFunc(s.Tombstones, mark, func(b Tombstone, m string) int { return cmp.Compare(b.Mark, m) })
	if !ok {
		return nil
	}
	return &s.Tombstones[n]
}

// addTombstones records facts as tombstones.
func (s *Subject) addTombstones(facts []fact.Fact, at time.Time) {
	if len(facts) == 0 {
		return
	}
	more := make([]Tombstone, len(facts))
	for i := range facts {
		more[i] = Tombstone{facts[i].TombstoneMark(), at}
	}
	s.Tombstones = joinTombstones(s.Tombstones, more)
}

// joinTombstones returns both lists sorted, each mark once with its latest time.
func joinTombstones(a, b []Tombstone) []Tombstone {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y Tombstone) int { return cmp.Or(cmp.Compare(x.Mark, y.Mark), y.At.Compare(x.At)) })
	return slices.CompactFunc(all, func(x, y Tombstone) bool { return x.Mark == y.Mark })
}

// repeatDeletions decides the deletion of repeated data anew, at most once for each intake period.
func (s *Subject) repeatDeletions(
	p *rules.Policy,
	back []fact.Fact,
	held []rules.Holding,
	at time.Time,
) []decision.Decision {
	var out []decision.Decision
	for i := range back {
		f := &back[i]
		seen := map[rules.Item]bool{}
		var items []stream.Item
		var ended []*rules.Basis
		bases := rules.Bases(p, []fact.Fact{*f})
		for j := range bases {
			b := &bases[j]
			returned := slices.DeleteFunc(slices.Clone(b.Keeps), func(item rules.Item) bool {
				return p.Categories[item.Category].Pseudonymous || seen[item] ||
					slices.ContainsFunc(held, func(o rules.Holding) bool { return o.InForce && o.Item == item })
			})
			for _, item := range returned {
				seen[item] = true
				items = append(items, stream.Item{Category: item.Category, Ref: item.Ref})
			}
			if len(returned) > 0 {
				ended = append(ended, b)
			}
		}
		if len(items) == 0 {
			continue
		}
		id := decision.NewID(s.ID, string(chain.KindReplay), f.TombstoneMark(), f.Received.Format(time.RFC3339Nano))
		d := decision.NewDeletion(id, s.ID, at, items, ended, retained(held))
		d.At, d.Revision, d.Delete.Again = at, p.Revision, true
		if !wholeHeld(p, held) {
			d.MarkWholePerson()
		}
		out = append(out, d)
	}
	s.addTombstones(back, at)
	return out
}

// expireTombstones removes tombstones past their retention period.
func (s *Subject) expireTombstones(p *rules.Policy, at time.Time) {
	s.Tombstones = slices.DeleteFunc(
		slices.Clone(s.Tombstones),
		func(b Tombstone) bool { return !p.TombstoneEnd(b.At).After(at) },
	)
	if s.FullErasure != nil && !p.TombstoneEnd(s.FullErasure.At).After(at) {
		s.FullErasure = nil
	}
}

// firstTombstoneEnd is the earliest end of a tombstone; false without tombstones.
func (s *Subject) firstTombstoneEnd(p *rules.Policy) (time.Time, bool) {
	var first time.Time
	for i := range s.Tombstones {
		if first.IsZero() || s.Tombstones[i].At.Before(first) {
			first = s.Tombstones[i].At
		}
	}
	if s.FullErasure != nil && (first.IsZero() || s.FullErasure.At.Before(first)) {
		first = s.FullErasure.At
	}
	if first.IsZero() {
		return first, false
	}
	return p.TombstoneEnd(first), true
}

// HasReturned reports whether a new act made a fully erased person known again. Such a person
// continues under a new id (see Successor), so that both lives stay separate.
func HasReturned(before, after Subject) bool { return FullyErased(before) && after.HoldsPersonal }

// FullyErased reports whether everything about a person was erased, so that a new act would need a
// Successor.
func FullyErased(s Subject) bool {
	return s.FullErasure != nil && !s.HoldsPersonal && len(s.Sealed) == 0
}

// Successor returns a subject with a new id and the remainder of a fully erased one: refusals that
// must be respected, evidence of old consents, and tombstones. Earlier questions are dropped, so
// the person may be asked again.
func Successor(before Subject, id string) Subject {
	s := Merge(Subject{ID: id}, before)
	s.Questions = nil
	return s
}
