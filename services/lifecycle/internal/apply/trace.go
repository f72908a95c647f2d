package apply

import (
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// trace is the trace context of the last webhook that told something of the person;
// empty when time passed alone.
func (p *person) trace() string {
	for i := len(p.entries) - 1; i >= 0; i-- {
		if t := p.entries[i].trace; t != "" {
			return t
		}
	}
	return ""
}

// attachTrace notes in the decisions of a change which webhook led to them. Those that were
// decided before keep what was noted then.
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
