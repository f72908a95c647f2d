package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// kindIndex holds the facts of each kind, in order.
type kindIndex []kindFacts

type kindFacts struct {
	kind  fact.Kind
	facts []int
}

// indexKinds indexes facts by kind. A person has facts of few kinds.
func indexKinds(facts []*fact.Fact) kindIndex {
	var out kindIndex
	for i := range facts {
		n := slices.IndexFunc(out, func(k kindFacts) bool { return k.kind == facts[i].Kind })
		if n < 0 {
			n = len(out)
			out = append(out, kindFacts{kind: facts[i].Kind})
		}
		out[n].facts = append(out[n].facts, i)
	}
	return out
}

// of returns the facts of some kinds, in order. The result may be shared.
func (x kindIndex) of(kinds []fact.Kind) []int {
	var out []int
	merged := false
	for i := range x {
		switch {
		case !slices.Contains(kinds, x[i].kind):
		case out == nil:
			out = x[i].facts
		default:
			if !merged {
				out, merged = slices.Clone(out), true
			}
			out = append(out, x[i].facts...)
		}
	}
	if merged {
		slices.Sort(out)
	}
	return out
}

// dependsOn reports whether a fact of a kind about the whole person can have an effect on a basis of the rule.
func (r *Rule) dependsOn(k fact.Kind) bool {
	switch {
	case slices.Contains(r.Raised, k), slices.Contains(r.Ended, k):
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
			fact.KindInvalidated, fact.KindBounce, fact.KindListed:
			return true
		}
		return false
	case string(fact.KindOrderExpired): // once every order has expired, or was refunded
		return k == fact.KindOrderExpired || k == fact.KindRefund || k.IsOrder()
	}
	return k == fact.Kind(name)
}
