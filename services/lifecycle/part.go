package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Part returns the subject without the matching facts, which belong to another person. Decide must
// reconcile the result before a store writes the subject: data that were held on these facts alone
// are deleted under the names of this person.
func Part(s Subject, match func(*fact.Fact) bool) Subject {
	all := s.Facts
	s.Facts = slices.DeleteFunc(slices.Clone(all), func(f fact.Fact) bool { return match(&f) })
	if len(s.Facts) < len(all) {
		s.FactsBefore = all
		s.Revision = "" // forces a new evaluation
	}
	return s
}

// NoteParting returns the subject after an order parted it from another subject. keys are the keys of
// the other person's names, with which no event joins this subject again.
func NoteParting(s Subject, other string, keys []string, at time.Time) Subject {
	s.Apart = joinSorted(s.Apart, keys)
	s.note(chain.Note{
		Key: string(chain.KindParted) + ":" + other + ":" + at.UTC().Format(time.RFC3339Nano), At: at,
		Kind: chain.KindParted, Text: other,
	})
	return s
}

// HasConflict reports whether NoteConflict noted a conflict with another subject.
func (s *Subject) HasConflict(other string) bool { return slices.Contains(s.Conflicts, other) }

// NoteConflict returns the subject with an alarm, once: an event of a platform names this person and
// another person as one, and each is known by names of its own.
func NoteConflict(s Subject, other, system string, at time.Time) Subject {
	if s.HasConflict(other) {
		return s
	}
	s.Conflicts = joinSorted(s.Conflicts, []string{other})
	a, b := "subject:"+s.ID, "subject:"+other
	s.alarm(at, "accounts:"+other, fmt.Sprintf(
		"%s gives one account or one address to this person and to %s, and both were known before: the two were "+
			"not joined; if the two are one person, run: rodopath subject join %s", system, b, a+" "+b))
	return s
}

// partedItems returns the items of the person as a whole that were held on parted facts and have no
// basis any more, with the former bases.
func (s *Subject) partedItems(
	p *rules.Policy, before []fact.Fact, held []rules.Holding, at time.Time,
) ([]rules.Item, []*rules.Basis) {
	bases := rules.Bases(p, before)
	var items []rules.Item
	for _, o := range rules.Holdings(bases, at) {
		if _, known := rules.FindHolding(held, o.Item); o.InForce && !known && o.Ref == "" && p.IsPersonal(o.Item) {
			items = append(items, o.Item)
		}
	}
	var ended []*rules.Basis
	for i := range bases {
		b := &bases[i]
		if b.Stands(at) && slices.ContainsFunc(b.Keeps, func(k rules.Item) bool { return slices.Contains(items, k) }) {
			b.Until = &at
			ended = append(ended, b)
		}
	}
	return items, ended
}

// partedDeletion decides the deletion of data that were held on parted facts alone; nil without such
// data. The record itself moves with the facts and is not deleted.
func (s *Subject) partedDeletion(
	p *rules.Policy, before []fact.Fact, held []rules.Holding, at time.Time,
) []decision.Decision {
	if len(before) == 0 {
		return nil
	}
	items, ended := s.partedItems(p, before, held, at)
	if len(items) == 0 {
		return nil
	}
	named := make([]stream.Item, len(items))
	for i, item := range items {
		named[i] = stream.Item{Category: item.Category}
	}
	d := decision.NewDeletion(decision.NewDeleteID(s.ID, at, items, nil), s.ID, at, named, ended, retained(held))
	d.At, d.Revision = at, p.Revision
	for _, item := range items {
		s.Announced = append(s.Announced, AnnouncedDeletion{Item: item, Lapse: at, At: at, Decision: d.ID, Parted: true})
	}
	if !wholeHeld(p, held) {
		d.MarkWholePerson()
		s.FullErasure = &FullErasure{Lapse: at, At: at}
	}
	return []decision.Decision{d}
}

// isParted reports whether a decision is the deletion of data that were held on parted facts.
func (s *Subject) isParted(decisionID string) bool {
	return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Parted && d.Decision == decisionID })
}
