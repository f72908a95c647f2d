package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// acts appends the facts as rules see them. A request for a right is an act at its receipt and
// takes effect later: after verification of an unverified sender (Art. 12(6)), and for an objection
// to anything but marketing after its grant (Art. 21(1)). An echo is no act, and a void fact is
// not so: rules see neither. See voidBases. Of a request that was recorded by mistake rules see the receipt and the end
// alone, so that the record of the request stays, and nothing that the request would have caused.
func (p *Policy) acts(out []*fact.Fact, facts []fact.Fact) []*fact.Fact {
	out = slices.Grow(out, len(facts))
	first, mistaken, moved := receiptsOf(facts), mistakenOf(facts), !fact.IsOrdered(facts)
	for i := range facts {
		switch f := &facts[i]; {
		case f.HasTrait(fact.TraitEcho), f.Void != nil, f.Kind == fact.KindState:
		case p.IsRequest(f):
			out, moved = append(append(out, receipt(f)), p.effects(*f, facts)...), true
		case f.Kind == fact.KindObjection && len(mistaken) > 0 && mistaken[RequestName(f)]:
		case f.Kind == fact.KindSale && len(f.Unlisted) > 0:
			out, moved = append(append(out, f), p.relisted(f)...), true
		case first.isLate(f):
			late := *f
			late.Traits = append(slices.Clone(f.Traits), fact.TraitUnproven)
			out = append(out, &late)
		default:
			out = append(out, f)
		}
	}
	if moved {
		fact.SortPointers(out)
	}
	return out
}

// receipt is the act of making a request.
func receipt(f *fact.Fact) *fact.Fact {
	return &fact.Fact{
		ID:       f.ID,
		Kind:     fact.KindRequested,
		Source:   f.Source,
		Occurred: f.Occurred,
		Received: f.Received,
		Ref:      RequestName(f),
		Traits:   f.Traits,
	}
}

// effects returns the effects of a request, at the instants of the effects. A request for erasure that was refused
// (Art. 12(5), 17(3)) ends nothing but the use for marketing.
func (p *Policy) effects(f fact.Fact, facts []fact.Fact) []*fact.Fact {
	if isMistaken(&f, facts) {
		return nil
	}
	if f.Kind == fact.KindObjection {
		return p.objections(f, facts)
	}
	verified, ok := Verification(&f, facts)
	if !ok {
		return nil
	}
	name := RequestName(&f)
	if f.Kind == fact.KindErasure || f.Kind == fact.KindRestriction {
		f.Ref, f.Links, f.Contract = "", nil, "" // the request concerns the person
	} else {
		f.Ref = name
	}
	f.Occurred = verified
	if f.Kind == fact.KindErasure && isRefused(facts, name) {
		f.Kind, f.Purposes = fact.KindObjection, nil // to marketing: no refusal takes that away (Art. 7(3), 21(3))
	}
	return []*fact.Fact{&f}
}

// objections returns the effects of an objection. An objection to marketing needs neither a proof of the
// sender nor a decision (Art. 21(3)); the rest takes effect once verified and granted.
func (p *Policy) objections(f fact.Fact, facts []fact.Fact) []*fact.Fact {
	ref := RequestName(&f)
	verified, ok := Verification(&f, facts)
	f.Ref, f.Links, f.Contract = "", nil, ""
	var out []*fact.Fact
	if marketing := p.marketingOnly(f); len(marketing.Purposes) > 0 {
		out = append(out, &marketing)
	}
	if at, granted := upheld(facts, ref); ok && granted {
		f.Kind, f.Occurred = fact.KindObjectionUpheld, calendar.Later(verified, at)
		f.Purposes = slices.DeleteFunc(slices.Clone(f.Purposes), p.IsMarketing)
		out = append(out, &f)
	}
	return out
}

func (p *Policy) marketingOnly(f fact.Fact) fact.Fact {
	f.Purposes = slices.DeleteFunc(slices.Clone(f.Purposes), func(purpose string) bool { return !p.IsMarketing(purpose) })
	return f
}

// IsRequest reports whether a fact exercises a right and needs an answer. An objection to marketing
// is absolute and needs none (Art. 21(3)).
func (p *Policy) IsRequest(f *fact.Fact) bool {
	switch f.Kind {
	case fact.KindErasure,
		fact.KindRestriction,
		fact.KindAccessRequest,
		fact.KindPortabilityRequest,
		fact.KindRectificationRequest:
		return true
	case fact.KindObjection:
		return slices.ContainsFunc(f.Purposes, func(purpose string) bool { return !p.IsMarketing(purpose) })
	}
	return false
}

// RequestName returns the name of a request: its Ref, or a name derived from its fact.
func RequestName(f *fact.Fact) string {
	if f.Ref != "" {
		return f.Ref
	}
	return UnnamedRequest + f.ID[:min(8, len(f.ID))]
}

// UnnamedRequest begins the name of a request that its source gave no name.
const UnnamedRequest = "request-"

// Verification is when a request was known to be the person's own.
func Verification(f *fact.Fact, facts []fact.Fact) (time.Time, bool) {
	if !f.HasTrait(fact.TraitUnverified) {
		return f.Occurred, true
	}
	ref := RequestName(f)
	for i := range facts {
		if facts[i].Kind == fact.KindRequestVerified && facts[i].Ref == ref {
			return calendar.Later(f.Occurred, facts[i].Occurred), true
		}
	}
	return time.Time{}, false
}

// Mistake is when a request, or an objection to marketing, was closed as recorded by mistake.
func Mistake(f *fact.Fact, facts []fact.Fact) (time.Time, bool) {
	ref := RequestName(f)
	for i := range facts {
		if is := &facts[i]; is.Kind == fact.KindRequestAnswered && is.Outcome == fact.OutcomeMistaken && is.Ref == ref {
			return calendar.Later(f.Occurred, is.Occurred), true
		}
	}
	return time.Time{}, false
}

// mistakenOf returns the names of the requests that were recorded by mistake; nil for none.
func mistakenOf(facts []fact.Fact) map[string]bool {
	var out map[string]bool
	for i := range facts {
		if f := &facts[i]; f.Kind == fact.KindRequestAnswered && f.Outcome == fact.OutcomeMistaken {
			if out == nil {
				out = map[string]bool{}
			}
			out[f.Ref] = true
		}
	}
	return out
}

func isMistaken(f *fact.Fact, facts []fact.Fact) bool {
	_, mistaken := Mistake(f, facts)
	return mistaken
}

// upheld is when a request was first granted, in whole or in part.
func upheld(facts []fact.Fact, ref string) (time.Time, bool) {
	for i := range facts {
		f := &facts[i]
		if f.Kind == fact.KindRequestDecided && f.Ref == ref &&
			(f.Outcome == fact.OutcomeGranted || f.Outcome == fact.OutcomePartly) {
			return f.Occurred, true
		}
	}
	return time.Time{}, false
}

// IsErasure reports whether a fact is a request for erasure that takes effect: the request is known to be the person's
// own, from the instant that is returned, and was neither refused nor recorded by mistake.
func IsErasure(f *fact.Fact, facts []fact.Fact) (time.Time, bool) {
	verified, ok := Verification(f, facts)
	return verified, ok && f.Kind == fact.KindErasure && !isRefused(facts, RequestName(f)) && !isMistaken(f, facts)
}

// isRefused reports whether the last decision about a request is its refusal. Of decisions of one instant a grant
// counts.
func isRefused(facts []fact.Fact, ref string) bool {
	var refused, granted time.Time
	for i := range facts {
		switch f := &facts[i]; {
		case f.Kind != fact.KindRequestDecided || f.Ref != ref:
		case f.Outcome == fact.OutcomeRefused:
			refused = calendar.Later(refused, f.Occurred)
		case f.Outcome == fact.OutcomeGranted, f.Outcome == fact.OutcomePartly:
			granted = calendar.Later(granted, f.Occurred)
		}
	}
	return refused.After(granted)
}
