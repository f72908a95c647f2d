package background

import (
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// event returns the event of a decision. Here, and not before, the names of the person are added.
func (r *Relay) event(d *decision.Decision, names []identity.Identity) *stream.Event {
	page := ""
	if r.opts.PublicURL != "" && d.Ask != nil {
		page = strings.TrimSuffix(r.opts.PublicURL, "/") + "/consent/" + r.opts.Vault.PageToken(d.ID)
	}
	return d.Event(r.opts.Policy, personOf(names), page)
}

func personOf(names []identity.Identity) stream.Person {
	var p stream.Person
	for _, n := range names {
		if n.Kind == identity.KindEmail {
			p.Emails = append(p.Emails, n.Value)
		} else {
			p.IDs = append(p.IDs, n.Kind+":"+n.Value)
		}
	}
	return p
}
