package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Check returns what remains of a decision about the subject at an instant, from the facts and not from
// what was recorded of the decision. items are the items of the deletion as published, possibly with hashed
// names: hash hashes a name under the key of the decision of a generation.
func Check(
	p *rules.Policy,
	s Subject,
	id string,
	items []stream.Item,
	hash func(generation int, name string) string,
	at time.Time,
) stream.Standing {
	at = at.UTC().Truncate(time.Millisecond)
	n, kind, ask := s.published(id)
	h := rules.Evaluate(p, s.Facts)
	switch {
	case kind == "":
		return stream.Standing{State: stream.StateUnknown}
	case kind == stream.KindRetract:
		return stream.Standing{State: stream.StateStanding}
	case n != nil && n.Retracted():
		return stream.Standing{State: stream.StateRetracted}
	case ask != nil && (n != nil && n.Closed != nil || !at.Before(ask.Until)):
		return stream.Standing{State: stream.StateClosed}
	case ask != nil && h.BasisToAsk(ask.Purpose, ask.Channel, at) == nil:
		return stream.Standing{State: stream.StateRetracted}
	case ask != nil:
		return stream.Standing{State: stream.StateStanding}
	}
	c := check{h: h, notice: n, held: rules.Holdings(h.Bases(), at), at: at}
	if n != nil {
		c.hash = func(name string) string { return hash(n.Generation, name) }
	}
	return c.deletion(p, items)
}

// published finds a decision among the notices and in the outbox, since a recipient may receive a decision
// before the notice is stored. The kind is empty for an unknown decision.
func (s *Subject) published(id string) (*notice.Notice, stream.Kind, *stream.Ask) {
	if n := notice.Find(s.Notices, id); n != nil {
		return n, n.Kind, n.Question
	}
	i := slices.IndexFunc(s.Outbox, func(d decision.Decision) bool { return d.ID == id })
	if i < 0 {
		return nil, "", nil
	}
	return nil, s.Outbox[i].Kind, s.Outbox[i].Ask
}

// check is the check of one deletion.
type check struct {
	h      *rules.Evaluation
	notice *notice.Notice
	held   []rules.Holding
	at     time.Time
	// hash hashes a name under the key of the decision; nil before the notice is stored.
	hash func(name string) string
}

// deletion returns what remains of a deletion of items.
func (c *check) deletion(p *rules.Policy, items []stream.Item) stream.Standing {
	out := stream.Standing{State: stream.StateStanding, Scope: decision.ScopePerson, Retained: retained(c.held)}
	for i := range out.Retained {
		out.Retained[i].LastDay = p.LastDay(out.Retained[i].Until)
		if ref := out.Retained[i].Ref; ref != "" {
			out.Retained[i].Names = c.h.OtherNames(ref)
		}
	}
	if wholeHeld(p, c.held) {
		out.Scope = decision.ScopePart
	}
	for i := range items {
		if c.isSupported(&items[i]) {
			out.Items = append(out.Items, items[i])
		}
	}
	switch {
	case len(out.Items) == 0:
		return stream.Standing{State: stream.StateRetracted}
	case len(out.Items) < len(items):
		out.State = stream.StateNarrowed
	}
	return out
}

// isSupported reports whether an item must be deleted still: no basis is in force, and the item was not
// retracted since its publication.
func (c *check) isSupported(item *stream.Item) bool {
	if slices.ContainsFunc(c.held, func(o rules.Holding) bool { return o.InForce && c.isSame(item, o.Item) }) {
		return false
	}
	return c.notice == nil || !c.notice.IsRetracted(func(x rules.Item) bool { return c.isSame(item, x) })
}

// isSame reports whether a published item, with names or hashes, is an item of the subject.
func (c *check) isSame(item *stream.Item, own rules.Item) bool {
	if item.Category != own.Category {
		return false
	}
	if item.Ref == "" && len(item.Hashes) == 0 {
		return own.Ref == ""
	}
	record := c.h.RecordNamed(own.Ref)
	named := func(name string) bool { return name != "" && c.h.RecordNamed(name) == record }
	if named(item.Ref) || slices.ContainsFunc(item.Names, named) {
		return true
	}
	return c.hash != nil && slices.ContainsFunc(append(c.h.OtherNames(record), own.Ref, record), func(name string) bool {
		return slices.Contains(item.Hashes, c.hash(name))
	})
}
