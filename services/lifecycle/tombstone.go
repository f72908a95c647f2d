package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// Burial remembers a fact that was let go, by a keyed hash, so that a late repeat
// or a restored backup does not bring the data back.
type Burial struct {
	Mark string `json:"mark"`
	// At is when it was let go, or when its deletion was last said again.
	At time.Time `json:"at"`
}

// Horizon is up to when all of a person was deleted.
type Horizon struct {
	// Lapse is when the last basis ended, At when that was decided.
	Lapse time.Time `json:"lapse"`
	At    time.Time `json:"at"`
}

// brings tells whether facts of the kind bring data along that may have to go.
// The others protect the person, or say something of what is there.
func (k Kind) brings() bool {
	switch k {
	case Signup, SignupPending, Sale, Refund, Performed, NegotiationOpened, AccessStarted, Webinar, Download,
		OrderPlaced, Complaint, Identified:
		return true
	}
	return false
}

func (f *Fact) mark() string { return cmp.Or(f.Mark, f.ID) }

// admit parts the facts that are news from those that come back from the dead.
// Repeats of what was let go a short while ago are neither.
func (s *Subject) admit(p *Policy, facts []Fact) (news, back []Fact) {
	for _, f := range facts {
		switch f = f.Settled(); {
		case s.comesBack(p, &f):
			back = append(back, f)
		case !f.Kind.brings() || s.buried(f.mark()) == nil:
			news = append(news, f)
		}
	}
	return news, back
}

// comesBack tells whether a fact brings back what had to go: it repeats what was let
// go, or is old news of a person of whom everything was deleted. For the intake
// period after a deletion the story may still be told in any order, so nothing
// counts as coming back; and what only just happened is news.
func (s *Subject) comesBack(p *Policy, f *Fact) bool {
	if !f.Kind.brings() {
		return false
	}
	if b := s.buried(f.mark()); b != nil {
		return p.lateFor(f.Received, b.At)
	}
	h := s.Horizon
	return h != nil && f.Occurred.Before(h.Lapse) && p.lateFor(f.Received, h.At) && p.lateFor(f.Received, f.Occurred)
}

// lateFor tells whether t is more than the intake period after an event.
func (p *Policy) lateFor(t, event time.Time) bool { return t.After(event.AddDate(0, 0, p.Intake)) }

func (s *Subject) buried(mark string) *Burial {
	n, ok := slices.BinarySearchFunc(s.Buried, mark, func(b Burial, m string) int { return cmp.Compare(b.Mark, m) })
	if !ok {
		return nil
	}
	return &s.Buried[n]
}

// bury remembers facts by their marks.
func (s *Subject) bury(facts []Fact, at time.Time) {
	if len(facts) == 0 {
		return
	}
	more := make([]Burial, len(facts))
	for i := range facts {
		more[i] = Burial{facts[i].mark(), at}
	}
	s.Buried = joinBurials(s.Buried, more)
}

// joinBurials returns both lists in order, each mark once with its latest time.
func joinBurials(a, b []Burial) []Burial {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y Burial) int { return cmp.Or(cmp.Compare(x.Mark, y.Mark), y.At.Compare(x.At)) })
	return slices.CompactFunc(all, func(x, y Burial) bool { return x.Mark == y.Mark })
}

// again says once more that what a fact brought back must go. It says so once in
// an intake period.
func (s *Subject) again(p *Policy, back []Fact, held []holding, at time.Time) []Decision {
	var out []Decision
	for i := range back {
		f := &back[i]
		d := Decision{
			ID:   decisionID(s.ID, NotedReplay, f.mark(), f.Received.Format(time.RFC3339Nano)),
			Kind: Delete, Subject: s.ID, At: at, Effective: at, Revision: p.Revision, Again: true,
			WholePerson: !wholeHeld(p, held), Stays: stays(held),
		}
		for _, b := range Bases(p, []Fact{*f}) {
			items := slices.DeleteFunc(slices.Clone(b.Keeps), func(item Item) bool {
				return p.Categories[item.Category].Pseudonymous || slices.Contains(d.Items, item) || slices.ContainsFunc(held, func(o holding) bool { return o.stands && o.Item == item })
			})
			if len(items) > 0 {
				d.Items, d.Because = append(d.Items, items...), append(d.Because, b)
			}
		}
		if len(d.Items) > 0 {
			out = append(out, d)
		}
	}
	s.bury(back, at)
	return out
}

// weather lets tombstones go whose own time is over.
func (s *Subject) weather(p *Policy, at time.Time) {
	s.Buried = slices.DeleteFunc(slices.Clone(s.Buried), func(b Burial) bool { return !p.tombEnd(b.At).After(at) })
	if s.Horizon != nil && !p.tombEnd(s.Horizon.At).After(at) {
		s.Horizon = nil
	}
}

func (p *Policy) tombEnd(t time.Time) time.Time {
	end, _ := p.Tombstone.From(t, p.Place)
	return end
}

// tombsUntil is when the first of the tombstones goes; false when there is none.
func (s *Subject) tombsUntil(p *Policy) (time.Time, bool) {
	var first time.Time
	for i := range s.Buried {
		if first.IsZero() || s.Buried[i].At.Before(first) {
			first = s.Buried[i].At
		}
	}
	if s.Horizon != nil && (first.IsZero() || s.Horizon.At.Before(first)) {
		first = s.Horizon.At
	}
	if first.IsZero() {
		return first, false
	}
	return p.tombEnd(first), true
}

// Risen tells whether a person of whom everything had been deleted is known again
// by a genuine new act. Such a person gets a new id (see Rise), so that what was and
// what is are not one story.
func Risen(before, after Subject) bool { return MayRise(before) && after.Known }

// MayRise tells whether everything of a person was deleted, so that a new act would make
// them risen.
func MayRise(s Subject) bool { return s.Horizon != nil && !s.Known && len(s.Sealed) == 0 }

// Rise returns a subject with a new id that takes over what a tombstone still
// holds: the no that must be respected, the proof of old consents, the marks of what
// was deleted. What the person was asked before is not held against them.
func Rise(before Subject, id string) Subject {
	s := Absorb(Subject{ID: id}, before)
	s.Asked = nil
	return s
}
