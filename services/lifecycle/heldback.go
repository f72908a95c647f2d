package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// holdBack sets the recipients of the unpublished decisions by the gate of the policy, and holds back the decisions
// that no recipient may be notified of yet: until the controller goes live, and a deletion until the delay of each of
// its recipients is over. A retraction concerns recipients that were notified, and is never held back.
func (s *Subject) holdBack(p *rules.Policy, h *rules.Evaluation, at time.Time) {
	if p.Gate == nil {
		return
	}
	for i := range s.Outbox {
		if d := &s.Outbox[i]; d.Retract == nil {
			d.Recipients, d.Held = gated(p, d, at)
			if (d.Held == nil || d.Held.Reason != decision.HeldObserving) && len(d.Recipients) > 0 && s.guesses(p, h, d) {
				d.Held = &decision.Held{Reason: decision.HeldUnlisted}
			}
		}
	}
}

// The categories whose deletion ends the access that was sold.
const (
	categoryContact = "contact"
	categoryAccess  = "access"
)

// guesses reports whether a deletion ends the access to a product that the configuration does not list. A request of
// the person for erasure ends the access in any case.
func (s *Subject) guesses(p *rules.Policy, h *rules.Evaluation, d *decision.Decision) bool {
	if !p.HoldsUnlisted || d.Delete == nil {
		return false
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if !p.IsGuessed(f) || s.isErasedAfter(f.Occurred) {
			continue
		}
		record := h.RecordNamed(f.Ref)
		if slices.ContainsFunc(d.Delete.Items, func(item stream.Item) bool {
			return item.Category == categoryContact || item.Category == categoryAccess && item.Ref == record
		}) {
			return true
		}
	}
	return false
}

// isErasedAfter reports whether the person requested erasure after an instant.
func (s *Subject) isErasedAfter(at time.Time) bool {
	return slices.ContainsFunc(s.Facts, func(f fact.Fact) bool {
		since, erases := rules.IsErasure(&f, s.Facts)
		return erases && !since.Before(at)
	})
}

// RequestedErasure reports whether the person requested erasure, by a request that is known to be the person's own.
func (s *Subject) RequestedErasure() bool { return s.isErasedAfter(time.Time{}) }

// isHeldFor reports whether an unpublished decision waits for a reason.
func (s *Subject) isHeldFor(reason decision.HeldReason) bool {
	return slices.ContainsFunc(
		s.Outbox,
		func(d decision.Decision) bool { return d.Held != nil && d.Held.Reason == reason },
	)
}

// gated returns the recipients that are notified of a decision, and why the decision waits. A decision that waits for
// all of its recipients names all of them.
func gated(p *rules.Policy, d *decision.Decision, at time.Time) ([]string, *decision.Held) {
	all := decision.RecipientsOf(p, d.Kind, d.Items())
	var open []string
	var last time.Time
	closed := ""
	for _, id := range all {
		o := p.Gate.Opening(id, string(d.Kind), at)
		if o.Closed != "" {
			closed = cmp.Or(closed, o.Closed)
			continue
		}
		open = append(open, id)
		last = calendar.Later(last, calendar.Later(d.At, o.Since).Add(o.Delay))
	}
	switch {
	case len(all) > 0 && len(open) == 0:
		return all, &decision.Held{Reason: decision.HeldReason(closed)}
	case d.Kind == stream.KindDelete && last.After(at):
		return open, &decision.Held{Reason: decision.HeldDelay, Until: &last}
	}
	return open, nil
}

// DueDecisions returns the unpublished decisions that may be published, as of the last evaluation, and the others.
func (s *Subject) DueDecisions() (due, held []decision.Decision) {
	for i := range s.Outbox {
		if d := s.Outbox[i]; d.IsDue(s.LastDecided) {
			due = append(due, d)
		} else {
			held = append(held, d)
		}
	}
	return due, held
}

// HoldsBack reports whether an unpublished decision waits for its time or for the controller.
func (s *Subject) HoldsBack() bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return !d.IsDue(s.LastDecided) })
}
