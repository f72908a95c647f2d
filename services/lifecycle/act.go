package lifecycle

import (
	"slices"
	"time"
)

// Kinds of acts without a source: rules see them beside the facts.
const (
	// KindRequested is any request for a right, from its receipt. Policies write "request".
	KindRequested Kind = "request"
	// kindObjectionUpheld is a granted objection under Art. 21(1), from the decision on.
	kindObjectionUpheld Kind = "objection_upheld"
)

// acts returns the facts as rules see them. A request for a right is an act at its receipt and
// takes effect later: after verification of an unverified sender (Art. 12(6)), and for an objection
// to anything but marketing after its grant (Art. 21(1)).
func (p *Policy) acts(facts []Fact) []Fact {
	out := make([]Fact, 0, len(facts)+2)
	for i := range facts {
		f := facts[i]
		if !p.isRequest(&f) {
			out = append(out, f)
			continue
		}
		in := Fact{
			ID:       f.ID,
			Kind:     KindRequested,
			Source:   f.Source,
			Occurred: f.Occurred,
			Received: f.Received,
			Ref:      requestRef(&f),
			Traits:   f.Traits,
		}
		out = append(append(out, in), p.effects(f, facts)...)
	}
	slices.SortFunc(out, compareFacts)
	return out
}

// effects returns the effects of a request, at the instants of the effects.
func (p *Policy) effects(f Fact, facts []Fact) []Fact {
	ref := requestRef(&f)
	verified, ok := verification(&f, facts)
	if !ok {
		return nil
	}
	f.Occurred = verified
	switch f.Kind {
	case KindErasure, KindRestriction:
		f.Ref, f.Links, f.Contract = "", nil, "" // the request concerns the person
	case KindObjection:
		f.Ref, f.Links, f.Contract = "", nil, ""
		var out []Fact
		if marketing := p.marketingOnly(f); len(marketing.Purposes) > 0 {
			out = append(out, marketing)
		}
		if at, ok := upheld(facts, ref); ok {
			f.Kind, f.Occurred = kindObjectionUpheld, maxTime(f.Occurred, at)
			f.Purposes = slices.DeleteFunc(slices.Clone(f.Purposes), p.marketing)
			out = append(out, f)
		}
		return out
	}
	f.Ref = ref
	return []Fact{f}
}

func (p *Policy) marketingOnly(f Fact) Fact {
	f.Purposes = slices.DeleteFunc(slices.Clone(f.Purposes), func(purpose string) bool { return !p.marketing(purpose) })
	return f
}

// isRequest reports whether a fact exercises a right and needs an answer. An objection to marketing
// is absolute and needs none (Art. 21(3)).
func (p *Policy) isRequest(f *Fact) bool {
	switch f.Kind {
	case KindErasure, KindRestriction, KindAccessRequest, KindPortabilityRequest, KindRectificationRequest:
		return true
	case KindObjection:
		return slices.ContainsFunc(f.Purposes, func(purpose string) bool { return !p.marketing(purpose) })
	}
	return false
}

// requestRef returns the name of a request: its Ref, or a name derived from its fact.
func requestRef(f *Fact) string {
	if f.Ref != "" {
		return f.Ref
	}
	return "request-" + f.ID[:min(8, len(f.ID))]
}

// verification is when a request was known to be the person's own.
func verification(f *Fact, facts []Fact) (time.Time, bool) {
	if !f.hasTrait(TraitUnverified) {
		return f.Occurred, true
	}
	ref := requestRef(f)
	for i := range facts {
		if facts[i].Kind == KindRequestVerified && facts[i].Ref == ref {
			return maxTime(f.Occurred, facts[i].Occurred), true
		}
	}
	return time.Time{}, false
}

// upheld is when a request was first granted, in whole or in part.
func upheld(facts []Fact, ref string) (time.Time, bool) {
	for i := range facts {
		f := &facts[i]
		if f.Kind == KindRequestDecided && f.Ref == ref && (f.Outcome == OutcomeGranted || f.Outcome == OutcomePartly) {
			return f.Occurred, true
		}
	}
	return time.Time{}, false
}
