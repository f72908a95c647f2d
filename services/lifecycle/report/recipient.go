package report

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// RecipientOf names a recipient: a configured one by its configured name, else by the name in the policy.
func RecipientOf(p *rules.Policy, id string) Recipient {
	c := p.Recipients[id]
	out := Recipient{ID: id, Name: Named(c.Name, id), ThirdCountry: c.ThirdCountry}
	if len(c.Safeguard) > 0 {
		safeguard := Named(c.Safeguard, "")
		out.Safeguard = &safeguard
	}
	connected := p.Recipient(id)
	if connected == nil {
		return out
	}
	out.Connected = true
	if connected.Name != "" {
		out.Name = Text{connected.Name, connected.Name}
	}
	if connected.Country != "" {
		out.ThirdCountry, out.Safeguard = connected.Country, nil
	}
	if connected.Safeguard != "" {
		out.Safeguard = &Text{connected.Safeguard, connected.Safeguard}
	}
	return out
}

// recipients returns the configured recipients that hold a category, and then the recipients of the rules of the bases
// that are not configured.
func (r *reporter) recipients(bases []rules.Basis, category string) []Recipient {
	out := []Recipient{}
	for i := range r.policy.Connected {
		c := &r.policy.Connected[i]
		if c.Deletions && c.HoldsAny([]rules.Item{{Category: category}}) {
			out = append(out, r.recipient(c.ID))
		}
	}
	for _, id := range r.ruleRecipients(bases, category) {
		if r.policy.Recipient(id) == nil {
			out = append(out, r.recipient(id))
		}
	}
	return out
}

// recipient is a recipient with the day of its last notification about the person.
func (r *reporter) recipient(id string) Recipient {
	out := RecipientOf(r.policy, id)
	if at := r.lastNotified(id); at != nil {
		out.NotifiedOn = r.day(*at)
	}
	return out
}

// lastNotified is the instant of the last delivery of a decision about the person to a recipient; nil without one.
func (r *reporter) lastNotified(id string) *time.Time {
	var last *time.Time
	for i := range r.subject.Notices {
		for j := range r.subject.Notices[i].Notifications {
			n := &r.subject.Notices[i].Notifications[j]
			if n.Recipient == id && n.Sent != nil && !n.Sent.After(r.at) && (last == nil || n.Sent.After(*last)) {
				last = n.Sent
			}
		}
	}
	return last
}

// ruleRecipients returns the recipients of a category under the rules of the bases, sorted.
func (r *reporter) ruleRecipients(bases []rules.Basis, category string) []string {
	var ids []string
	for i := range bases {
		rule := rule(r.policy, bases[i].Rule)
		if rule == nil {
			continue
		}
		for _, id := range rule.Receives {
			if slices.Contains(r.policy.Recipients[id].Holds, category) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
