package apply

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// trace returns the trace context of the last webhook with a fact about the person; empty without a
// webhook.
func (p *person) trace() string {
	for _, v := range slices.Backward(p.entries) {
		if t := v.trace; t != "" {
			return t
		}
	}
	return ""
}

// attachTrace records the trace of the causing webhook in the new decisions of a change. Earlier
// decisions keep their trace.
func attachTrace(c *store.Change, p *person, subjects map[string]lifecycle.Subject) {
	if c == nil || len(c.Subject.Outbox) == 0 {
		return
	}
	before := map[string]string{}
	for _, id := range p.subjects {
		s := subjects[id]
		for i := range s.Outbox {
			before[s.Outbox[i].ID] = s.Outbox[i].Trace
		}
	}
	now := p.trace()
	for i := range c.Subject.Outbox {
		d := &c.Subject.Outbox[i]
		if old, ok := before[d.ID]; ok {
			d.Trace = old
		} else {
			d.Trace = now
		}
	}
}
