package rights

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Use is an intended use of a person's data.
type Use struct {
	Purpose string
	// Channel is how the person would be reached, for a purpose that rests on consent.
	Channel string
	// Controller is the business that intends the use; empty means the policy's own.
	Controller string
	// Address is the keyed hash of the e-mail address in use; empty means each address of the person: the use
	// is allowed only if it is for every address that is known to be in use.
	Address string
}

// Permission reports whether a use is allowed, with the reason.
type Permission struct {
	Allowed bool `json:"allowed"`
	// Reason is one of the Because constants.
	Reason UseReason `json:"why"`
	// Since and Until bound the basis or the ban, as far as known.
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Rule is the rule of the permitting basis.
	Rule string `json:"rule,omitempty"`
	// Flaws are the reasons why an unproven consent permits no use.
	Flaws []rules.Flaw `json:"flaws,omitempty"`
	// Box reports whether the next checkout may show an unticked box.
	Box bool `json:"box"`
}

// UseReason is one of the Reason constants, or the ConsentState that forbids the use.
type UseReason string

// The reasons why a use is allowed or not.
const (
	ReasonConsent         UseReason = "consent"
	ReasonBasis           UseReason = "basis"
	ReasonOtherController UseReason = "consent_to_another_controller"
	ReasonRestricted      UseReason = "restricted"
	ReasonObjection       UseReason = "objection_pending"
	ReasonErasure         UseReason = "erasure_pending"
	ReasonOtherAddress    UseReason = "consent_for_another_address"
	ReasonNoBasis         UseReason = "no_basis"
)

// Ban is a stop on the use of data that may be kept.
type Ban struct {
	// Purpose is the forbidden purpose; empty means every use except storage.
	Purpose string     `json:"purpose,omitempty"`
	Reason  UseReason  `json:"why"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until,omitempty"`
}

// Bans returns the bans on use in force at an instant: restrictions (Art. 18(2)), objections that are not
// decided yet (Art. 18(1)(d)), and, for marketing, requests for erasure whose sender is not verified yet: such
// a request includes the withdrawal of consent and the objection to marketing, which need no proof of the
// sender (Art. 7(3), 21(3)). Bans follow from the law and not from rules: a
// restriction on any ground forbids use, even without data that are retained longer.
func Bans(p *rules.Policy, facts []fact.Fact, at time.Time) []Ban {
	var out []Ban
	var since *time.Time
	for i := range facts {
		f := &facts[i]
		switch {
		case f.Occurred.After(at):
		case f.Kind == fact.KindRestriction && since == nil && restricts(f, facts, at):
			since = &f.Occurred
		case f.Kind == fact.KindRestrictionLifted && f.InformedAt != nil && !f.InformedAt.After(f.Occurred):
			since = nil
		}
	}
	if since != nil {
		out = append(out, Ban{Reason: ReasonRestricted, Since: *since})
	}
	for _, r := range Requests(p, facts, at) {
		out = append(out, bansOf(p, &r)...)
	}
	return out
}

// restricts reports whether a request for restriction is known to be the person's own, and was not recorded by mistake
// as known at an instant.
func restricts(f *fact.Fact, facts []fact.Fact, at time.Time) bool {
	_, verified := rules.Verification(f, facts)
	mistaken, ok := rules.Mistake(f, facts)
	return verified && (!ok || mistaken.After(at))
}

// bansOf returns the bans that follow from an undecided request.
func bansOf(p *rules.Policy, r *Request) []Ban {
	var purposes []string
	var why UseReason
	switch {
	case r.Decided != nil, r.Mistaken != nil:
	case r.Right == fact.KindObjection && r.State != StateReceived:
		purposes, why = slices.DeleteFunc(slices.Clone(r.Purposes), p.IsMarketing), ReasonObjection
	case r.Right == fact.KindErasure && r.State == StateReceived:
		purposes, why = p.MarketingPurposes(), ReasonErasure
	}
	var out []Ban
	for _, purpose := range purposes {
		out = append(out, Ban{Purpose: purpose, Reason: why, Since: r.Received})
	}
	return out
}

// May reports whether a use of a person's data is allowed at an instant.
func May(p *rules.Policy, facts []fact.Fact, asked []rules.AnnouncedQuestion, use Use, at time.Time) Permission {
	w := &known{
		policy: p, facts: facts, at: at, bans: Bans(p, facts, at),
		consents: func() []rules.Consent { return rules.Consents(p, facts, asked, at) },
		bases:    func() []rules.Basis { return rules.Bases(p, facts) },
	}
	return w.may(use)
}

// Answer is the permission of one purpose by one channel.
type Answer struct {
	Purpose, Channel string
	Permission
}

// Answers returns the permission of every purpose and channel for which the policy has a wording, as May does, from an
// evaluation of the facts of a person.
func Answers(h *rules.Evaluation, facts []fact.Fact, asked []rules.AnnouncedQuestion, at time.Time) []Answer {
	p := h.Policy()
	var consents []rules.Consent
	later, banned := false, false
	for i := range facts {
		later = later || facts[i].Occurred.After(at)
		switch facts[i].Kind {
		case fact.KindRestriction, fact.KindErasure, fact.KindObjection:
			banned = true
		}
	}
	if later {
		consents = rules.Consents(p, facts, asked, at)
	} else {
		consents = h.Consents(asked, at)
	}
	w := &known{
		policy: p, facts: facts, at: at, bases: h.Bases, consents: func() []rules.Consent { return consents },
	}
	if banned { // only such a request bans a use
		w.bans = Bans(p, facts, at)
	}
	out := make([]Answer, 0, len(consents))
	for i := range consents {
		c := &consents[i]
		// The consents are sorted by purpose and channel.
		if n := len(out); n > 0 && out[n-1].Purpose == c.Purpose && out[n-1].Channel == c.Channel {
			continue
		}
		out = append(out, Answer{c.Purpose, c.Channel, w.may(Use{Purpose: c.Purpose, Channel: c.Channel})})
	}
	return out
}

// known is what an answer about a use rests on.
type known struct {
	policy   *rules.Policy
	facts    []fact.Fact
	at       time.Time
	bans     []Ban
	consents func() []rules.Consent
	bases    func() []rules.Basis
}

func (w *known) may(use Use) Permission {
	for _, b := range w.bans {
		if b.Purpose == "" || b.Purpose == use.Purpose {
			return Permission{Reason: b.Reason, Since: &b.Since}
		}
	}
	if !w.policy.IsMarketing(use.Purpose) {
		return w.mayOnBasis(use)
	}
	if use.Controller != "" && use.Controller != w.policy.Controller {
		return Permission{Reason: ReasonOtherController}
	}
	out := mayMarket(w.policy, w.facts, w.consents(), use, w.at)
	if mayOnInterest(w.policy, w.facts, &out, use) {
		if on := w.mayOnBasis(use); on.Allowed {
			return on
		}
	}
	out.Box = out.Box && !rules.IsChild(w.facts)
	return out
}

// mayMarket reports whether the consents of a person permit a use for marketing.
func mayMarket(p *rules.Policy, facts []fact.Fact, consents []rules.Consent, use Use, at time.Time) Permission {
	if use.Address != "" || use.Channel != rules.ChannelEmail {
		return mayOnConsent(p, consents, use)
	}
	return mayAtEach(p, consents, use, rules.Addresses(facts, at))
}

// mayOnInterest reports whether a use for marketing that no consent permits may rest on a legitimate interest: by
// e-mail (Directive 2002/58/EC Art. 13(2)), and neither after a no nor to a child.
func mayOnInterest(p *rules.Policy, facts []fact.Fact, out *Permission, use Use) bool {
	if out.Allowed || !p.IsOnInterest(use.Purpose) || use.Channel != rules.ChannelEmail || rules.IsChild(facts) {
		return false
	}
	switch rules.ConsentState(out.Reason) {
	case rules.ConsentNone, rules.ConsentAsked, rules.ConsentUnproven, rules.ConsentExpired:
		return true
	}
	return false
}

// mayAtEach reports whether a consent permits a use for each of the addresses: who is asked about by an id or
// an order is written to at an address that the question does not name. Of several reasons against the use
// one that also forbids a box is given first.
func mayAtEach(p *rules.Policy, consents []rules.Consent, use Use, addresses []string) Permission {
	out := mayOnConsent(p, consents, use)
	for _, address := range addresses {
		use.Address = address
		if at := mayOnConsent(p, consents, use); !at.Allowed && (out.Allowed || out.Box && !at.Box) {
			out = at
		}
	}
	return out
}

// mayOnConsent reports whether a consent permits a use. Of several consents for one use, a given consent
// decides, else an unproven consent, for the address in use before other addresses.
func mayOnConsent(p *rules.Policy, consents []rules.Consent, use Use) Permission {
	out := Permission{Reason: UseReason(rules.ConsentNone)}
	for i := range consents {
		c := &consents[i]
		if c.Purpose != use.Purpose || c.Channel != use.Channel || out.Reason == UseReason(rules.ConsentUnproven) &&
			(c.State != rules.ConsentGiven || !c.CoversAddress(use.Address)) {
			continue
		}
		out = Permission{Reason: UseReason(c.State), Since: c.Since, Until: c.Until}
		switch {
		case c.Stands() && !c.CoversAddress(use.Address):
			out.Reason = ReasonOtherAddress
		case c.State == rules.ConsentGiven:
			out.Allowed, out.Reason, out.Rule = true, ReasonConsent, p.ConsentRule(c.Purpose, c.Channel).ID
			return out
		case c.State == rules.ConsentUnproven:
			out.Flaws = failingFlaws(c.Given)
		}
		out.Box = mayShowBox(rules.ConsentState(out.Reason))
	}
	return out
}

// mayShowBox reports whether a checkout may show an unticked box to a person with a state of consent.
func mayShowBox(s rules.ConsentState) bool {
	switch s {
	case rules.ConsentNone, rules.ConsentAsked, rules.ConsentUnproven, rules.ConsentInvalidated, rules.ConsentExpired:
		return true
	}
	return false
}

// failingFlaws returns the failing flaws of the last act of consent.
func failingFlaws(given []rules.Grant) []rules.Flaw {
	last := given[len(given)-1].Flaws
	return slices.DeleteFunc(slices.Clone(last), func(f rules.Flaw) bool { return !f.Fails() })
}

func (w *known) mayOnBasis(use Use) Permission {
	for _, b := range w.bases() {
		if b.Purpose == use.Purpose && b.Stands(w.at) {
			return Permission{Allowed: true, Reason: ReasonBasis, Since: &b.Since, Until: b.Until, Rule: b.Rule}
		}
	}
	return Permission{Reason: ReasonNoBasis}
}
