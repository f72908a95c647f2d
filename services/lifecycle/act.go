package lifecycle

import (
	"slices"
	"time"
)

// Kinds of acts that no source tells: rules see them beside the facts.
const (
	// KindRequested stands for every request for a right, from the moment it came in.
	// Rules write it "request".
	KindRequested Kind = "request"
	// kindObjectionUpheld is an objection under Art. 21(1) from the moment it was granted.
	kindObjectionUpheld Kind = "objection_upheld"
)

// acts returns the facts as rules see them. A request for a right is an act of its
// own when it comes in, and takes effect when it may: an unverified one once it is
// verified (Art. 12(6)), an objection to anything but marketing once it is granted
// (Art. 21(1)).
func (p *Policy) acts(facts []Fact) []Fact {
	out := make([]Fact, 0, len(facts)+2)
	for i := range facts {
		f := facts[i]
		if !p.isRequest(&f) {
			out = append(out, f)
			continue
		}
		in := Fact{ID: f.ID, Kind: KindRequested, Source: f.Source, Occurred: f.Occurred, Received: f.Received, Ref: requestRef(&f), Traits: f.Traits}
		out = append(append(out, in), p.effects(f, facts)...)
	}
	slices.SortFunc(out, compareFacts)
	return out
}

// effects returns what a request does by itself, at the instant it does it.
func (p *Policy) effects(f Fact, facts []Fact) []Fact {
	ref := requestRef(&f)
	verified, ok := verification(&f, facts)
	if !ok {
		return nil
	}
	f.Occurred = verified
	switch f.Kind {
	case KindErasure, KindRestriction:
		f.Ref, f.Links, f.Contract = "", nil, "" // it is about the person
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

// isRequest tells whether a fact asks for a right and must be answered. To object
// to marketing is absolute and needs no answer (Art. 21(3)).
func (p *Policy) isRequest(f *Fact) bool {
	switch f.Kind {
	case KindErasure, KindRestriction, KindAccessRequest, KindPortabilityRequest, KindRectificationRequest:
		return true
	case KindObjection:
		return slices.ContainsFunc(f.Purposes, func(purpose string) bool { return !p.marketing(purpose) })
	}
	return false
}

// requestRef names a request: by its own name, or by its fact.
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
		if f.Kind == KindRequestDecided && f.Ref == ref && (f.Outcome == "granted" || f.Outcome == "partly") {
			return f.Occurred, true
		}
	}
	return time.Time{}, false
}
