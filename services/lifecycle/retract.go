package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// retractPublished withdraws the published decisions that the evaluation no longer supports, and returns
// the retractions for the recipients that may have taken such a decision. An erasure that was carried out
// while a basis was in force raises an alarm.
func (s *Subject) retractPublished(h *rules.Evaluation, held []rules.Holding, at time.Time) []decision.Decision {
	var out []decision.Decision
	s.Notices = slices.Clone(s.Notices)
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Closed == nil && n.Retracts == "" && !n.Retracted() {
			if d := s.retract(n, h, held, at); d != nil {
				out = append(out, *d)
			}
		}
		s.addNotes(n.Losses(s.revived(n, h, held, at), at))
	}
	return out
}

// retract withdraws one published decision and returns the retraction, or nil when the decision is still
// supported or no recipient may have taken the decision.
func (s *Subject) retract(
	n *notice.Notice, h *rules.Evaluation, held []rules.Holding, at time.Time,
) *decision.Decision {
	r := notice.Retraction{At: at}
	var bases []*rules.Basis
	if q := n.Question; q != nil {
		if !at.Before(q.Until) || h.BasisToAsk(q.Purpose, q.Channel, at) != nil {
			return nil
		}
		r.Whole = true
	} else {
		r, bases = s.returned(n, h, held, at)
		if len(r.Items) == 0 {
			return nil
		}
	}
	recipients := n.MayHaveTaken(earliest(s.revived(n, h, held, at), at))
	if n.Question != nil && len(recipients) == 0 {
		return nil // nobody asks, and the notice is closed
	}
	s.note(n.Retract(r))
	if len(recipients) == 0 {
		return nil
	}
	subject := n.Subject
	if subject == "" {
		subject = s.ID
	}
	body := stream.Retract{Decision: n.Decision, Of: n.Kind, Whole: r.Whole}
	for _, item := range r.Items {
		body.Items = append(body.Items, stream.Item{Category: item.Category, Ref: item.Ref, Names: h.OtherNames(item.Ref)})
	}
	d := decision.NewRetraction(subject, body, bases, at)
	d.Revision, d.Recipients = h.Policy().Revision, recipients
	s.Outbox = append(s.Outbox, d)
	return &d
}

// returned is the retraction of the items of a deletion that are in force again, with their bases.
func (s *Subject) returned(
	n *notice.Notice, h *rules.Evaluation, held []rules.Holding, at time.Time,
) (notice.Retraction, []*rules.Basis) {
	r := notice.Retraction{At: at}
	var bases []*rules.Basis
	items, left := s.itemsOf(n, h), 0
	for _, item := range items {
		if n.IsRetracted(func(x rules.Item) bool { return currentName(h, x) == item }) {
			continue
		}
		i, ok := rules.FindHolding(held, item)
		if !ok || !held[i].InForce {
			left++
			continue
		}
		r.Items = append(r.Items, item)
		basis := held[i].Basis
		if !slices.ContainsFunc(bases, func(b *rules.Basis) bool { return b.Rule == basis.Rule && b.Ref == basis.Ref }) {
			bases = append(bases, basis)
		}
		r.Reason = basis.Purpose + " " + basis.Article
	}
	r.Whole = left == 0 && len(items) >= len(n.Items)
	return r, bases
}

// itemsOf returns the items of a published deletion under their current names: those announced with the
// decision, and those of categories without records.
func (s *Subject) itemsOf(n *notice.Notice, h *rules.Evaluation) []rules.Item {
	var out []rules.Item
	add := func(item rules.Item) {
		if item = currentName(h, item); !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	for i := range s.Announced {
		if s.Announced[i].Decision == n.Decision {
			add(s.Announced[i].Item)
		}
	}
	for i := range n.Items {
		if len(n.Items[i].Hashes) == 0 {
			add(rules.Item{Category: n.Items[i].Category})
		}
	}
	return out
}

// currentName is an item under the name that its record has now.
func currentName(h *rules.Evaluation, item rules.Item) rules.Item {
	if item.Ref != "" {
		item.Ref = h.RecordNamed(item.Ref)
	}
	return item
}

// revived lists the items of a published deletion that are in force, each with the begin of the earliest basis
// in force.
func (s *Subject) revived(
	n *notice.Notice, h *rules.Evaluation, held []rules.Holding, at time.Time,
) []notice.Revived {
	if n.Kind != stream.KindDelete {
		return nil
	}
	var out []notice.Revived
	for _, item := range s.itemsOf(n, h) {
		if i, ok := rules.FindHolding(held, item); !ok || !held[i].InForce {
			continue
		}
		r := notice.Revived{Item: item, Since: at}
		for j := range s.Bases {
			b := &s.Bases[j]
			if b.Stands(at) && b.Since.Before(r.Since) && slices.Contains(b.Keeps, item) {
				r.Since = b.Since
			}
		}
		r.Retracted = n.RetractedAt(func(x rules.Item) bool { return currentName(h, x) == item })
		out = append(out, r)
	}
	return out
}

// earliest is the earliest begin of the items, or at without any.
func earliest(items []notice.Revived, at time.Time) time.Time {
	for i := range items {
		if items[i].Since.Before(at) {
			at = items[i].Since
		}
	}
	return at
}
