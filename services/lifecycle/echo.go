package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// echoDays is how long after a deletion a platform may report the deletion back while the recipient has not
// answered, echoHours how long after the deletion and after the answer.
const (
	echoDays  = 31
	echoHours = 24
)

// MarkEchoes returns incoming facts with fact.TraitEcho on each unsubscription that repeats a deletion
// decided by Rodopath: a platform that deletes a subscriber reports an unsubscription, without an act of
// the person. An unsubscription is an echo when the platform does not report whose act it was, no act of the
// person explains the unsubscription, a deletion of data held on consent went to a recipient that erases at the
// source shortly before the receipt (see echoEnd), and the source reported no echo since. Where no recipient is
// connected, only the invalidation of a consent has the controller take a person off a list by hand. The trait
// is the core's own: the trait of an incoming fact is removed.
func MarkEchoes(p *rules.Policy, s Subject, facts []fact.Fact) []fact.Fact {
	out := slices.Clone(facts)
	var unsubscribed []int
	for i := range out {
		out[i].Traits = slices.DeleteFunc(slices.Clone(out[i].Traits), isEcho)
		if out[i].Kind == fact.KindUnsubscribe && out[i].HasTrait(fact.TraitUnattributed) {
			unsubscribed = append(unsubscribed, i)
		}
	}
	slices.SortFunc(unsubscribed, func(i, j int) int { return fact.Compare(out[i].Normalized(), out[j].Normalized()) })
	for n, i := range unsubscribed {
		if s.isEcho(p, out, unsubscribed[n:]) {
			out[i].Traits = append(out[i].Traits, fact.TraitEcho)
		}
	}
	return out
}

// UnmarkEchoes returns the subject without the mark of each echo that incoming facts turn into an act: a consent
// that was in force, or an earlier no, becomes known after the unsubscription.
func UnmarkEchoes(p *rules.Policy, s Subject, facts []fact.Fact) Subject {
	if !s.hasEcho() {
		return s
	}
	all := fact.Combine(s.Facts, facts)
	s.Facts = slices.Clone(s.Facts)
	for i := range s.Facts {
		f := &s.Facts[i]
		if !f.HasTrait(fact.TraitEcho) {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(all), func(x fact.Fact) bool { return x.ID == f.ID })
		if h := rules.Evaluate(p, others); !h.FollowsNoAct(f) {
			f.Traits = slices.DeleteFunc(slices.Clone(f.Traits), isEcho)
			s.Separable = false
		}
	}
	return s
}

func (s *Subject) hasEcho() bool {
	for i := range s.Facts {
		if s.Facts[i].HasTrait(fact.TraitEcho) {
			return true
		}
	}
	return false
}

func isEcho(trait string) bool { return trait == fact.TraitEcho }

// isEcho reports whether the first of the undecided unsubscriptions, given by their indexes, is an echo. The
// other undecided ones are later and count for nothing yet.
func (s *Subject) isEcho(p *rules.Policy, facts []fact.Fact, undecided []int) bool {
	f := facts[undecided[0]].Normalized()
	known := slices.DeleteFunc(slices.Clone(fact.Combine(s.Facts, facts)), func(x fact.Fact) bool {
		return slices.ContainsFunc(undecided, func(i int) bool { return facts[i].ID == x.ID })
	})
	deleted, ok := s.lastErasureBefore(p, f.Source, f.Received)
	if !ok && isInvalidated(known) {
		deleted, ok = s.lastUnconnectedErasure(p, f.Received)
	}
	if !ok {
		return false
	}
	h := rules.Evaluate(p, known)
	return !echoedSince(known, &f, deleted) && h.FollowsNoAct(&f)
}

// echoedSince reports whether the source of an unsubscription reported an echo since a deletion.
func echoedSince(facts []fact.Fact, f *fact.Fact, deleted time.Time) bool {
	return slices.ContainsFunc(facts, func(x fact.Fact) bool {
		return x.Source == f.Source && x.HasTrait(fact.TraitEcho) && !x.Received.Before(deleted)
	})
}

func isInvalidated(facts []fact.Fact) bool {
	return slices.ContainsFunc(facts, func(f fact.Fact) bool { return f.Kind == fact.KindInvalidated })
}

// lastUnconnectedErasure is the instant of the latest published deletion of data held on consent, at most
// echoHours before an instant, of which no recipient was notified.
func (s *Subject) lastUnconnectedErasure(p *rules.Policy, at time.Time) (last time.Time, found bool) {
	for i := range s.Announced {
		d := &s.Announced[i]
		published := !slices.ContainsFunc(s.Outbox, func(x decision.Decision) bool { return x.ID == d.Decision })
		if p.IsHeldOnConsent(d.Category) && published && notice.Find(s.Notices, d.Decision) == nil &&
			!d.At.After(at) && !at.After(d.At.Add(echoHours*time.Hour)) && !d.At.Before(last) {
			last, found = d.At, true
		}
	}
	return last, found
}

// lastErasureBefore is the instant of the latest published or replayed deletion of data held on consent of
// which a source may report an echo at an instant.
func (s *Subject) lastErasureBefore(p *rules.Policy, source string, at time.Time) (last time.Time, found bool) {
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Kind != stream.KindDelete || !slices.ContainsFunc(n.Items, func(x notice.HashedItem) bool {
			return p.IsHeldOnConsent(x.Category)
		}) {
			continue
		}
		decided := n.At
		if n.Replayed != nil && !n.Replayed.After(at) {
			decided = *n.Replayed
		}
		for j := range n.Notifications {
			t := &n.Notifications[j]
			r := p.Recipient(t.Recipient)
			if r != nil && r.Source == source && !decided.After(at) && !at.After(echoEnd(t, decided)) && !decided.Before(last) {
				last, found = decided, true
			}
		}
	}
	return last, found
}

// echoEnd is the last instant at which an echo of a deletion by a recipient is expected: echoDays after the
// deletion while the recipient has not answered, and echoHours after the answer. A recipient that erased
// nothing causes no echo.
func echoEnd(t *notice.Notification, decided time.Time) time.Time {
	switch {
	case t.At == nil:
		return decided.AddDate(0, 0, echoDays)
	case t.At.Before(decided):
	case t.Outcome == fact.OutcomeRefused, t.Outcome == fact.OutcomeNotFound, t.Outcome == fact.OutcomeFailed:
		return time.Time{}
	}
	return calendar.Later(decided, *t.At).Add(echoHours * time.Hour)
}
