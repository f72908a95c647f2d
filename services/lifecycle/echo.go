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

// echoDays is how long after a deletion a platform may report the deletion back while a recipient has not
// answered, echoHours how long after the last answer, or after the deletion when systems without an answer
// read the stream.
const (
	echoDays  = 31
	echoHours = 24
)

// MarkEchoes returns incoming facts with fact.TraitEcho on each unsubscription that repeats a deletion
// decided by Rodopath: a platform that deletes a subscriber reports an unsubscription, without an act of
// the person. An unsubscription is an echo when the platform does not report whose act it was, no act of the
// person explains the unsubscription, a deletion of data held on consent was published shortly before the
// receipt (see echoEnd), and the source reported no echo since. The trait is the core's own: the trait of an
// incoming fact is removed.
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

func isEcho(trait string) bool { return trait == fact.TraitEcho }

// isEcho reports whether the first of the undecided unsubscriptions, given by their indexes, is an echo. The
// other undecided ones are later and count for nothing yet.
func (s *Subject) isEcho(p *rules.Policy, facts []fact.Fact, undecided []int) bool {
	f := facts[undecided[0]].Normalized()
	deleted, ok := s.lastErasureBefore(p, f.Received)
	if !ok {
		return false
	}
	known := slices.DeleteFunc(fact.Combine(s.Facts, facts), func(x fact.Fact) bool {
		return slices.ContainsFunc(undecided, func(i int) bool { return facts[i].ID == x.ID })
	})
	h := rules.Evaluate(p, known)
	return !echoedSince(known, &f, deleted) && h.FollowsNoAct(&f)
}

// echoedSince reports whether the source of an unsubscription reported an echo since a deletion.
func echoedSince(facts []fact.Fact, f *fact.Fact, deleted time.Time) bool {
	return slices.ContainsFunc(facts, func(x fact.Fact) bool {
		return x.Source == f.Source && x.HasTrait(fact.TraitEcho) && !x.Received.Before(deleted)
	})
}

// lastErasureBefore is the instant of the latest published or replayed deletion of data held on consent of
// which an echo may be reported at an instant.
func (s *Subject) lastErasureBefore(p *rules.Policy, at time.Time) (last time.Time, found bool) {
	consider := func(decided, end time.Time) {
		if !decided.After(at) && !at.After(end) && !decided.Before(last) {
			last, found = decided, true
		}
	}
	for i := range s.Announced {
		d := &s.Announced[i]
		if p.IsHeldOnConsent(d.Category) && notice.Find(s.Notices, d.Decision) == nil &&
			!slices.ContainsFunc(s.Outbox, func(x decision.Decision) bool { return x.ID == d.Decision }) {
			consider(d.At, d.At.Add(echoHours*time.Hour))
		}
	}
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
		consider(decided, echoEnd(n, decided))
	}
	return last, found
}

// echoEnd is the last instant at which an echo of a deletion is expected: echoDays after the deletion while a
// recipient has not answered, and echoHours after the last answer.
func echoEnd(n *notice.Notice, decided time.Time) time.Time {
	end := decided.Add(echoHours * time.Hour)
	for i := range n.Notifications {
		answered := n.Notifications[i].At
		if answered == nil {
			return decided.AddDate(0, 0, echoDays)
		}
		end = calendar.Later(end, answered.Add(echoHours*time.Hour))
	}
	return end
}
