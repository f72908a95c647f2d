package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// manyFacts is the number of facts from which a subject is worth an evaluation of single records.
const manyFacts = 500

// maxLate bounds the facts whose intake period ended since the last evaluation and whose records are evaluated alone.
const maxLate = 100

// recordChange is the evaluation of the records of new facts, alone, without and with the new facts.
type recordChange struct {
	policy       *rules.Policy
	at           time.Time
	was, is      *rules.Evaluation
	wasHeld, now []rules.Holding
}

// decideRecords is Decide for new facts that change the bases of their own records alone and cause no decision, such as
// an order of a person with many. The rest of the subject is as the last evaluation left it: until ReviewAt, time alone
// changes nothing. False means that Decide must evaluate all facts.
func (s Subject) decideRecords(p *rules.Policy, facts []fact.Fact, at time.Time) (Subject, bool) {
	if !s.isSeparable(p, at) {
		return s, false
	}
	news, back := s.splitReturning(p, facts)
	if len(news) == 0 || len(back) > 0 || slices.ContainsFunc(news, func(f fact.Fact) bool { return isLate(p, &f, at) }) {
		return s, false
	}
	records, apart := rules.TouchedBy(p, s.Facts, news)
	if !apart || s.announces(p, records, at) || !s.keepsAll(p, at) {
		return s, false
	}
	s.Facts = fact.Combine(s.Facts, news)
	changed := records.Of(s.Facts)
	was, is := rules.Evaluate(p, records.Known()), rules.Evaluate(p, changed)
	defer was.Release()
	defer is.Release()
	c := &recordChange{p, at, was, is, was.Holdings(at), is.Holdings(at)}
	review, known := c.review(s.ReviewAt)
	if !known || !c.isPlain(&s) || !keepsAll(p, is, changed, at) {
		return s, false
	}
	for i := range facts {
		s.LastReceived = calendar.Later(s.LastReceived, facts[i].Received.UTC().Truncate(time.Millisecond))
	}
	s.factAlarms(is, news, c.now, at)
	s.unfinished(is, s.LastDecided, at)
	s.Notices, _ = notice.Update(slices.Clone(s.Notices), p, is, nil, at)
	s.relabelRecords(is, c.now, news, at)
	s.Bases, s.ReviewAt, s.LastDecided = nil, review, at
	return s, true
}

// isSeparable reports whether the last evaluation holds for all that new facts do not touch.
func (s *Subject) isSeparable(p *rules.Policy, at time.Time) bool {
	return s.Separable && s.HoldsPersonal && s.Revision == p.Revision && !s.LastDecided.After(at) &&
		(s.ReviewAt == nil || s.ReviewAt.After(at)) && s.RequestDue == nil &&
		len(s.Outbox)+len(s.MergedParts)+len(s.FactsBefore) == 0 && !notice.AnyOpen(s.Notices)
}

// markSeparable records whether the next evaluation may look at the records of new facts alone: every announcement was
// considered, and bears the present name of its record, and no fact was dropped.
func (s *Subject) markSeparable(h *rules.Evaluation, evaluated int, considered bool, many int) {
	s.Separable = considered && len(s.Facts) >= many && len(s.Facts) == evaluated &&
		!slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool {
			return d.Ref != "" && h.RecordNamed(d.Ref) != d.Ref
		})
}

// announces reports whether the deletion of an item of touched records was announced, or an announcement reached the
// end of its intake period.
func (s *Subject) announces(p *rules.Policy, records *rules.Touched, at time.Time) bool {
	return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool {
		return d.Ref != "" && records.Has(d.Ref) || s.passes(d.At.AddDate(0, 0, p.IntakeDays), at)
	})
}

// passes reports whether an instant came since the last evaluation.
func (s *Subject) passes(t, at time.Time) bool { return t.After(s.LastDecided) && !t.After(at) }

// isLate reports whether the intake period of a fact is over.
func isLate(p *rules.Policy, f *fact.Fact, at time.Time) bool {
	return !f.Received.AddDate(0, 0, p.IntakeDays).After(at)
}

// keepsAll reports whether no stored fact is to be dropped at an instant. A fact whose intake period ended before the
// last evaluation was needed then.
func (s *Subject) keepsAll(p *rules.Policy, at time.Time) bool {
	var late []fact.Fact
	from, to := s.LastDecided.AddDate(0, 0, -p.IntakeDays), at.AddDate(0, 0, -p.IntakeDays)
	for i := range s.Facts {
		f := &s.Facts[i]
		if !f.Received.After(from) || f.Received.After(to) {
			continue
		}
		if f.Kind.IsObservation() || f.Void != nil || f.HasTrait(fact.TraitEcho) || len(late) == maxLate {
			return false
		}
		if !f.Kind.IsAboutPerson() && f.Ref != "" {
			late = append(late, *f)
		}
	}
	if len(late) == 0 {
		return true
	}
	records, apart := rules.TouchedBy(p, s.Facts, late)
	if !apart {
		return false
	}
	h := rules.Evaluate(p, records.Known())
	defer h.Release()
	return keepsAll(p, h, late, at)
}

// keepsAll reports whether an evaluation needs all facts whose intake period is over.
func keepsAll(p *rules.Policy, h *rules.Evaluation, facts []fact.Fact, at time.Time) bool {
	needed := h.NeededFacts(at)
	return !slices.ContainsFunc(facts, func(f fact.Fact) bool { return isLate(p, &f, at) && !needed.Has(f.ID) })
}

// isPlain reports whether the change of the records changes no decision about the person.
func (c *recordChange) isPlain(s *Subject) bool {
	if personHeld(c.policy, c.wasHeld) && !personHeld(c.policy, c.now) || c.mayAsk(s) {
		return false
	}
	for i := range c.now {
		if o := &c.now[i]; o.Ref != "" && o.Lapsed() || o.Ref == "" && !c.isSame(s, o) {
			return false
		}
	}
	return !slices.ContainsFunc(c.wasHeld, func(o rules.Holding) bool {
		_, found := rules.FindHolding(c.now, o.Item)
		return o.Ref == "" && !found
	})
}

// isSame reports whether an item of the person as a whole is in force and was not deleted before, or is as far past as
// without the new facts.
func (c *recordChange) isSame(s *Subject, o *rules.Holding) bool {
	if o.InForce {
		return !s.deleted(o.Category)
	}
	n, found := rules.FindHolding(c.wasHeld, o.Item)
	return found && !c.wasHeld[n].InForce && c.wasHeld[n].Begun == o.Begun && c.wasHeld[n].Lapse.Equal(o.Lapse)
}

// deleted reports whether a deletion of a category of the person as a whole was announced or published.
func (s *Subject) deleted(category string) bool {
	return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool {
		return d.Ref == "" && d.Category == category
	}) || slices.ContainsFunc(s.Notices, func(n notice.Notice) bool {
		return slices.ContainsFunc(n.Items, func(x notice.HashedItem) bool {
			return x.Category == category && len(x.Hashes) == 0
		})
	})
}

// mayAsk reports whether the person may be asked for a consent on a basis of the records.
func (c *recordChange) mayAsk(s *Subject) bool {
	if s.Nameless {
		return false
	}
	bases := c.is.Bases()
	for _, a := range c.policy.Asks {
		if s.hasAsked(a.Purpose, a.Channel) {
			continue
		}
		on := slices.ContainsFunc(bases, func(b rules.Basis) bool { return b.Purpose == a.When && b.Stands(c.at) })
		if on && !s.hasRefused(a.Purpose, a.Channel) {
			return true
		}
	}
	return false
}

// hasRefused reports whether the person ever refused a purpose by a channel.
func (s *Subject) hasRefused(purpose, channel string) bool {
	for i := range s.Facts {
		if f := &s.Facts[i]; f.IsAgainstConsent() && f.Void == nil && f.Covers(purpose, channel) {
			return true
		}
	}
	return false
}

// review returns the next review of the person, of the instant that was planned. False means that the records were the
// reason of that review and no longer are.
func (c *recordChange) review(planned *time.Time) (*time.Time, bool) {
	first, known := planned, true
	c.visit(c.was, func(t time.Time) { known = known && (planned == nil || !t.Equal(*planned)) })
	c.visit(c.is, func(t time.Time) {
		known = known || planned != nil && t.Equal(*planned)
		if first == nil || t.Before(*first) {
			first = &t
		}
	})
	return first, known
}

// visit visits the later instants at which time alone changes an evaluation.
func (c *recordChange) visit(h *rules.Evaluation, next func(time.Time)) {
	later := func(t time.Time) {
		if t.After(c.at) {
			next(t)
		}
	}
	bases := h.Bases()
	for i := range bases {
		later(bases[i].Since)
		if until := bases[i].Until; until != nil {
			later(*until)
		}
	}
	for _, u := range h.Unfinished() {
		later(u.Due())
	}
}
