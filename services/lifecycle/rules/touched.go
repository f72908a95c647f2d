package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Touched are the records that new facts of a person are about, whose bases depend on no other fact of the person.
type Touched struct {
	names nameSet
	// things are the things whose states the new facts report.
	things []stateOf
	kinds  []kindUse
	// known are the known facts of the records, in order.
	known []fact.Fact
}

// stateOf names a thing of a source whose state is reported.
type stateOf struct{ source, thing string }

// kindUse is how the facts of a kind stand to the touched records.
type kindUse struct {
	kind fact.Kind
	// touched reports whether a touched record has such a fact, shared whether the whole person has one, and
	// recordless whether one names no record.
	touched, shared, recordless bool
}

// TouchedBy returns the records that new facts touch: those that the facts name, and those that known facts join with
// them by a link, a contract or a state. False means that the bases of these records may depend on other facts of the
// person, or other bases on these records, so that only an evaluation of all facts is right.
func TouchedBy(p *Policy, known, news []fact.Fact) (*Touched, bool) {
	t := &Touched{}
	for i := range news {
		f := &news[i]
		if !concernsRecord(f.Kind) || f.Ref == "" && f.Kind != fact.KindState {
			return nil, false
		}
		t.add(f)
		t.use(f.Kind).touched = true
		if of := (stateOf{f.Source, f.StateOf}); f.StateOf != "" && !slices.Contains(t.things, of) {
			t.things = append(t.things, of)
		}
	}
	for before := -1; before < len(t.names.keys); {
		before = len(t.names.keys)
		if !t.extend(known) {
			return nil, false
		}
	}
	return t, t.isApart(p)
}

// Has reports whether a name is that of a touched record.
func (t *Touched) Has(name string) bool { return t.names.get(name) }

// Known returns the facts of the touched records among the known ones, in order.
func (t *Touched) Known() []fact.Fact { return t.known }

// Of returns the facts of the touched records among ordered facts, in order.
func (t *Touched) Of(facts []fact.Fact) []fact.Fact {
	var out []fact.Fact
	for i := range facts {
		if f := &facts[i]; t.names.get(f.Ref) {
			out = append(out, *f)
		}
	}
	return out
}

// concernsRecord reports whether facts of a kind are about one record, and have no effect on the bases of another one.
func concernsRecord(k fact.Kind) bool {
	switch k {
	case fact.KindSale, fact.KindRefund, fact.KindPerformed, fact.KindNegotiationOpened, fact.KindNegotiationClosed,
		fact.KindAccessStarted, fact.KindAccessEnded, fact.KindWebinar, fact.KindDownload, fact.KindOrderPlaced,
		fact.KindOrderExpired, fact.KindComplaint, fact.KindComplaintSettled, fact.KindState:
		return true
	}
	return false
}

// isSeparable reports whether records can be evaluated alone beside facts of a kind: not beside a request, a hold or
// a restriction, which may concern everything, nor beside receipts and identifications, which are kept for a while.
func isSeparable(k fact.Kind) bool {
	switch k {
	case fact.KindSignup, fact.KindSignupPending, fact.KindRefusal, fact.KindUnsubscribe, fact.KindBounce,
		fact.KindConsentAsked, fact.KindInvalidated, fact.KindAddressChanged, fact.KindListed, fact.KindDeath,
		fact.KindInactivity:
		return true
	}
	return concernsRecord(k)
}

// add adds the names of the record of a fact.
func (t *Touched) add(f *fact.Fact) {
	for _, name := range [...]string{f.Ref, f.Contract} {
		if name != "" {
			*t.names.at(name) = true
		}
	}
	for _, name := range f.Links {
		*t.names.at(name) = true
	}
}

// extend adds the names that known facts join with those of touched records. False means that a fact stands in the way
// of an evaluation of records alone.
func (t *Touched) extend(known []fact.Fact) bool {
	t.known = t.known[:0]
	for i := range known {
		f := &known[i]
		use := t.use(f.Kind)
		touched := t.touches(f)
		switch shared := f.Kind.IsAboutPerson() || f.Ref == ""; {
		case f.Kind == fact.KindState:
		case !isSeparable(f.Kind), shared && (touched || f.Contract != ""):
			return false
		case shared:
			use.shared, use.recordless = true, use.recordless || f.Ref == ""
		case touched:
			use.touched = true
			t.add(f)
			t.known = append(t.known, *f)
		}
	}
	return true
}

// touches reports whether a fact has a name of the touched records, or is of a state of their things.
func (t *Touched) touches(f *fact.Fact) bool {
	return f.Ref != "" && t.names.get(f.Ref) || f.Contract != "" && t.names.get(f.Contract) ||
		len(f.Links) > 0 && slices.ContainsFunc(f.Links, t.names.get) ||
		f.StateOf != "" && slices.Contains(t.things, stateOf{f.Source, f.StateOf})
}

// use returns the use of a kind.
func (t *Touched) use(k fact.Kind) *kindUse {
	for i := range t.kinds {
		if t.kinds[i].kind == k {
			return &t.kinds[i]
		}
	}
	t.kinds = append(t.kinds, kindUse{kind: k})
	return &t.kinds[len(t.kinds)-1]
}

// isApart reports whether no rule, of the policy or of an earlier one, joins the touched records with other facts.
func (t *Touched) isApart(p *Policy) bool {
	joins := func(p *Policy) bool {
		return p.hasRule(func(r *Rule) bool { return t.joins(p, r) })
	}
	return !joins(p) && !slices.ContainsFunc(p.Earlier, func(e Earlier) bool { return joins(e.Policy) })
}

// joins reports whether a basis of the rule may rest on touched records and on other facts, or keep the items of every
// record.
func (t *Touched) joins(p *Policy, r *Rule) bool {
	perRecord := slices.ContainsFunc(r.Keeps, func(c string) bool { return p.Categories[c].PerRecord })
	if r.Consent {
		return perRecord
	}
	raised, affected, shared := false, false, false
	for _, use := range t.kinds {
		effects := r.effectOf(use.kind)
		if perRecord && effects&raising != 0 && (r.Per == PerPerson || use.recordless) {
			return true
		}
		raised = raised || use.touched && effects&raising != 0
		affected = affected || use.touched && effects != 0
		shared = shared || use.shared && effects != 0
	}
	return r.Per == PerPerson && affected || raised && shared
}
