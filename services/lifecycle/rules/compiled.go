package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// compiled is what the rules of a policy say of kinds of facts and of categories, worked out once.
type compiled struct {
	policy *Policy
	// effects are the effects of facts of a kind on each rule.
	effects table[fact.Kind, []effect]
	// perRecord reports for each rule and each of its categories whether each record has an item of its own.
	perRecord [][]bool
	// phone reports the same for a telephone number of which sources state whether there is one.
	phone [][]bool
	// keys are the purposes and channels that some wording covers.
	keys []consentKey
}

// effect is the effect that facts of a kind have on the bases of a rule.
type effect uint8

const (
	raising   effect = 1 << iota // may raise a basis
	ending                       // may end a basis at once
	affecting                    // have an effect of any sort
)

func compile(p *Policy) *compiled {
	c := &compiled{
		policy: p, perRecord: make([][]bool, len(p.Rules)), phone: make([][]bool, len(p.Rules)), keys: p.consentKeys(),
	}
	for i := range p.Rules {
		for _, category := range p.Rules[i].Keeps {
			c.perRecord[i] = append(c.perRecord[i], p.Categories[category].PerRecord)
			c.phone[i] = append(c.phone[i], p.Categories[category].Stated == StatedPhone)
		}
	}
	return c
}

// effectsOf returns the effects of facts of a kind on each rule.
func (c *compiled) effectsOf(k fact.Kind) []effect {
	if n := c.effects.place(k); n >= 0 {
		return c.effects.values[n]
	}
	out := make([]effect, len(c.policy.Rules))
	for i := range out {
		out[i] = c.policy.Rules[i].effectOf(k)
	}
	c.effects.add(k, out)
	return out
}

// effectOf returns the effect of facts of a kind on the bases of the rule.
func (r *Rule) effectOf(k fact.Kind) effect {
	var out effect
	if slices.Contains(r.Raised, k) {
		out |= raising
	}
	if r.mayEndBy(k) {
		out |= ending
	}
	if r.dependsOn(k) {
		out |= affecting
	}
	return out
}
