package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// kindSet is a set of the kinds of a person's facts.
type kindSet uint64

// has reports whether the set has a kind.
func (s kindSet) has(kind uint8) bool { return s>>kind&1 != 0 }

// kinds are the kinds of facts, numbered. A person has facts of few kinds.
type kinds struct {
	names []fact.Kind
	// of is the number of the kind of each fact, effects the effects of each kind on each rule.
	of      []uint8
	effects [][]effect
}

func (h *Evaluation) readKinds() {
	k := &h.kinds
	for _, f := range h.facts {
		n := slices.Index(k.names, f.Kind)
		if n < 0 {
			n = len(k.names)
			k.names, k.effects = append(k.names, f.Kind), append(k.effects, h.compiled.effectsOf(f.Kind))
		}
		k.of = append(k.of, uint8(n)) //nolint:gosec // there are fewer kinds
	}
}

// with returns the kinds with an effect on a rule.
func (k *kinds) with(e effect, rule int) kindSet {
	var out kindSet
	for n := range k.effects {
		if k.effects[n][rule]&e != 0 {
			out |= 1 << n
		}
	}
	return out
}

// scope is the part of a person's facts that concerns a rule.
type scope struct {
	// raising, ending and affecting are the kinds of facts that can raise a basis, end a basis at once, and have
	// an effect of any sort on a basis.
	raising, ending, affecting kindSet
	// shared are the facts about the whole person with an effect.
	shared []int
	// perRecord reports for each category of the rule whether each record has an item of its own.
	perRecord []bool
	// phone reports for each category of the rule whether the category is the telephone number.
	phone []bool
}

// scopeOf returns the scope of a rule, until the next call.
func (h *Evaluation) scopeOf(rule int) scope {
	out := scope{
		shared: h.scope.shared[:0], raising: h.kinds.with(raising, rule), perRecord: h.compiled.perRecord[rule],
		phone: h.compiled.phone[rule],
	}
	if out.raising == 0 {
		return out
	}
	out.ending, out.affecting = h.kinds.with(ending, rule), h.kinds.with(affecting, rule)
	if len(h.policy.Earlier) > 0 {
		out.affecting = ^kindSet(0) // the period that was promised may look at others
	}
	if h.policy.Rules[rule].Per == PerPerson {
		return out
	}
	for _, i := range h.shared {
		if out.affecting.has(h.kinds.of[i]) {
			out.shared = append(out.shared, i)
		}
	}
	return out
}

// mayEndBy reports whether a fact of a kind can end a basis of the rule at once.
func (r *Rule) mayEndBy(k fact.Kind) bool {
	return slices.Contains(r.Ended, k) || k == fact.KindObjectionUpheld && slices.Contains(r.Ended, fact.KindObjection)
}

// dependsOn reports whether a fact of a kind can have an effect on a basis of the rule.
func (r *Rule) dependsOn(k fact.Kind) bool {
	switch {
	case slices.Contains(r.Raised, k), slices.Contains(r.Ended, k), slices.Contains(r.Without, k):
		return true
	case k == fact.KindHold, k == fact.KindRelease:
		return r.Suspended || r.Until.dependsOn(k)
	case k == fact.KindObjectionUpheld && slices.Contains(r.Ended, fact.KindObjection):
		return true
	}
	return r.Until.dependsOn(k)
}

// dependsOn reports whether the period is counted from facts of a kind.
func (p Period) dependsOn(k fact.Kind) bool {
	found := false
	p.eachAnchor(func(name string) { found = found || anchorDependsOn(name, k) })
	return found
}

// anchorDependsOn reports whether an anchor is found by facts of a kind.
func anchorDependsOn(name string, k fact.Kind) bool {
	switch name {
	case AnchorPerformance:
		return k == fact.KindSale || k == fact.KindPerformed || k == fact.KindRefund
	case AnchorAccessEnd:
		return k == fact.KindSale || k == fact.KindRefund || k == fact.KindAccessStarted || k == fact.KindAccessEnded
	case AnchorConsentEnd:
		switch k {
		case fact.KindSignup, fact.KindRefusal, fact.KindUnsubscribe, fact.KindObjection, fact.KindErasure,
			fact.KindInvalidated, fact.KindBounce, fact.KindListed, fact.KindDeath, fact.KindInactivity:
			return true
		}
		return false
	case string(fact.KindOrderExpired): // once every order has expired, or was refunded
		return k == fact.KindOrderExpired || k == fact.KindRefund || k.IsOrder()
	}
	return k == fact.Kind(name)
}
