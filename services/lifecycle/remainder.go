package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Remainder is an item that may be held after a request for erasure, with the reason.
type Remainder struct {
	rules.Item
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Exempt is the exception of Art. 17(3); empty where the request has no effect on the item,
	// such as data of a new contract.
	Exempt string `json:"exempt,omitempty"`
	// LastDay is the last day of retention, in the policy's zone; empty while no end is known.
	LastDay string `json:"last_day,omitempty"`
}

// Remainders returns the items that may still be held at an instant, as the answer to a request
// must list them (Art. 12(4), 17(3)).
func Remainders(p *rules.Policy, s Subject, at time.Time) []Remainder {
	var out []Remainder
	for _, h := range Explain(p, s, at).Holds {
		b := h.Because[0]
		r := Remainder{Item: h.Item, Purpose: b.Purpose, Article: b.Article, LastDay: h.LastDay}
		if rule := p.Rule(b.Rule); rule != nil {
			r.Exempt = rule.Exempt
		}
		out = append(out, r)
	}
	return out
}

// Impact returns the items that may be held under one policy and no longer under the next.
func Impact(now, next *rules.Policy, s Subject, at time.Time) []rules.Item {
	var out []rules.Item
	kept := map[rules.Item]bool{}
	for _, o := range rules.Holdings(rules.Bases(next, s.Facts), at) {
		kept[o.Item] = o.InForce
	}
	for _, o := range rules.Holdings(rules.Bases(now, s.Facts), at) {
		if o.InForce && !kept[o.Item] {
			out = append(out, o.Item)
		}
	}
	return slices.Clip(out)
}
