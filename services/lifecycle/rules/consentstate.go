package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// ConsentState is the state of one consent of a person.
type ConsentState string

// The states of a consent. Only ConsentGiven permits a use; a refusal, a withdrawal and an
// objection also forbid a further question. ConsentUnproven is a consent in force without an act that
// demonstrates the consent (Art. 7(1)): the data may be held, and not used.
const (
	ConsentNone        ConsentState = "none"
	ConsentAsked       ConsentState = "asked"
	ConsentPending     ConsentState = "pending_doi"
	ConsentGiven       ConsentState = "given"
	ConsentUnproven    ConsentState = "unproven"
	ConsentRefused     ConsentState = "refused"
	ConsentWithdrawn   ConsentState = "withdrawn"
	ConsentObjected    ConsentState = "objected"
	ConsentExpired     ConsentState = "expired"
	ConsentInvalidated ConsentState = "invalidated"
)

func endState(k fact.Kind) ConsentState {
	switch k {
	case fact.KindRefusal:
		return ConsentRefused
	case fact.KindObjection:
		return ConsentObjected
	case fact.KindInvalidated:
		return ConsentInvalidated
	}
	return ConsentWithdrawn
}

// Consent is the state of one purpose and channel at an instant, with the evidence of the consent.
type Consent struct {
	Purpose string       `json:"purpose"`
	Channel string       `json:"channel"`
	State   ConsentState `json:"state"`
	// Since is when the state began; Until when a question falls or a consent
	// expires by itself, where that is known.
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Given are the granting acts; the last one is in force.
	Given []Grant `json:"given,omitempty"`

	addresses []string
}

// Stands reports whether the consent is in force, proven or not.
func (c *Consent) Stands() bool { return c.State == ConsentGiven || c.State == ConsentUnproven }

// Grant is one act of consent with its evidence (Art. 7(1)).
type Grant struct {
	Fact   string    `json:"fact"`
	At     time.Time `json:"at"`
	Source string    `json:"source,omitempty"`
	// Wording is the id of the text, Text its content; empty when unknown.
	Wording     string     `json:"wording,omitempty"`
	Language    string     `json:"language,omitempty"`
	Text        string     `json:"text,omitempty"`
	Form        string     `json:"form,omitempty"`
	DoubleOptIn *time.Time `json:"double_opt_in,omitempty"`
	// IPKnown reports whether the sealed evidence holds the IP address.
	IPKnown bool `json:"ip_known"`
	// Flaws are the reasons why the consent cannot be demonstrated, or is void.
	Flaws []Flaw `json:"flaws,omitempty"`
}

// Proves reports whether the act demonstrates the consent: no flaw fails Art. 7(1).
func (g *Grant) Proves() bool { return !slices.ContainsFunc(g.Flaws, Flaw.Fails) }

// isProven reports whether one of the acts demonstrates the consent.
func isProven(acts []Grant) bool {
	return slices.ContainsFunc(acts, func(g Grant) bool { return g.Proves() })
}

// AnnouncedQuestion records that a question for consent was decided.
type AnnouncedQuestion struct {
	Purpose  string    `json:"purpose"`
	Channel  string    `json:"channel"`
	At       time.Time `json:"at"`
	Decision string    `json:"decision"`
}

// Flaw is a defect of a consent or of its evidence.
type Flaw string

// The flaws of a consent. All but FlawUnconfirmed fail Art. 7(1).
const (
	// FlawWording: no text is known that the person agreed to.
	FlawWording Flaw = "wording_unknown"
	// FlawTime: the source reports no time.
	FlawTime Flaw = "time_unknown"
	// FlawTrace: neither form, nor confirmation, nor address identifies the person.
	FlawTrace Flaw = "no_trace"
	// FlawUnproven: an import, an API call, a synchronization or another person's account added the
	// person, and no act of the person did.
	FlawUnproven Flaw = "no_act"
	// FlawAddress: the platform now has another address of the person in the same record, and the person
	// agreed for the former address.
	FlawAddress Flaw = "address_changed"
	// FlawUnconfirmed: nothing shows that the owner of the address agreed.
	FlawUnconfirmed Flaw = "not_confirmed"
	FlawPreticked   Flaw = "preticked"
	FlawForced      Flaw = "forced"
	FlawChild       Flaw = "child_without_parent"
)

// Fails reports whether the flaw makes the consent fail Art. 7(1).
func (f Flaw) Fails() bool { return f != FlawUnconfirmed }

// Consents returns the state of each consent of the policy at an instant, ordered by purpose and
// channel.
func Consents(p *Policy, facts []fact.Fact, asked []AnnouncedQuestion, at time.Time) []Consent {
	facts = slices.DeleteFunc(slices.Clone(facts), func(f fact.Fact) bool { return f.Occurred.After(at) })
	return Evaluate(p, facts).Consents(asked, at)
}

// Consents returns the state of each consent of the policy at an instant; no evaluated fact is later.
func (h *Evaluation) Consents(asked []AnnouncedQuestion, at time.Time) []Consent {
	out := make([]Consent, 0, len(h.compiled.keys))
	for _, k := range h.compiled.keys {
		out = append(out, h.consentState(asked, k.purpose, k.channel, at)...)
	}
	return out
}

// consentKeys lists the purposes and channels that some wording covers.
func (p *Policy) consentKeys() []consentKey {
	var out []consentKey
	p.anyConsentKey(func(k consentKey) bool {
		out = append(out, k)
		return false
	})
	slices.SortFunc(out, func(a, b consentKey) int {
		return cmp.Or(cmp.Compare(a.purpose, b.purpose), cmp.Compare(a.channel, b.channel))
	})
	return slices.Compact(out)
}

// anyConsentKey reports whether a purpose and channel that some wording covers passes. A purpose and channel of
// several wordings is visited several times.
func (p *Policy) anyConsentKey(pass func(consentKey) bool) bool {
	if p.Unknown.anyKey(pass) {
		return true
	}
	for i := range p.Wordings {
		if p.Wordings[i].anyKey(pass) {
			return true
		}
	}
	return false
}

func (c *Coverage) anyKey(pass func(consentKey) bool) bool {
	for _, purpose := range c.Purposes {
		for _, channel := range c.Channels {
			if pass(consentKey{purpose: purpose, channel: channel}) {
				return true
			}
		}
	}
	return false
}

// consentState returns the consents in force, or else the last statement about the consent.
func (h *Evaluation) consentState(asked []AnnouncedQuestion, purpose, channel string, at time.Time) []Consent {
	var standing []Consent
	best := Consent{Purpose: purpose, Channel: channel, State: ConsentNone}
	later := func(c Consent) {
		if best.Since == nil || !c.Since.Before(*best.Since) {
			best = c
		}
	}
	for i := range h.consents {
		c := &h.consents[i]
		if c.Purpose != purpose || c.Channel != channel {
			continue
		}
		out := Consent{Purpose: purpose, Channel: channel, Given: h.grants(c), addresses: c.addresses}
		if c.Stands(at) {
			out.State, out.Since, out.Until = ConsentUnproven, &c.Since, c.Until
			if isProven(out.Given) {
				out.State = ConsentGiven
			}
			standing = append(standing, out)
		} else if c.Begun(at) {
			out.State, out.Since = c.state, c.Until
			later(out)
		}
	}
	if len(standing) > 0 {
		return standing
	}
	for i := range h.facts {
		if c, ok := h.statedConsent(h.facts[i], purpose, channel, at); ok {
			later(c)
		}
	}
	if best.State == ConsentNone {
		best = h.policy.askedState(asked, best, at)
	}
	return []Consent{best}
}

// statedConsent is the statement of a single act about a consent that is not in force.
func (h *Evaluation) statedConsent(f *fact.Fact, purpose, channel string, at time.Time) (Consent, bool) {
	c := Consent{Purpose: purpose, Channel: channel, Since: &f.Occurred}
	switch {
	case f.IsAgainstConsent() && f.Covers(purpose, channel):
		c.State = endState(f.Kind)
		if c.State == ConsentWithdrawn && !h.hadConsent(purpose, channel, f.Occurred) {
			c.State = ConsentRefused // who never consented has nothing to withdraw
		}
	case f.Kind == fact.KindSignupPending && h.policy.covers(f).includes(purpose, channel):
		b := h.basisOn(f.ID, at)
		if b == nil {
			return c, false
		}
		c.State, c.Until = ConsentPending, b.Until
	case f.Kind == fact.KindConsentAsked && f.Covers(purpose, channel):
		until := h.policy.questionEnd(purpose, channel, f.Occurred)
		if !until.After(at) {
			return c, false // silence is never consent
		}
		c.State, c.Until = ConsentAsked, &until
	default:
		return c, false
	}
	return c, true
}

// hadConsent reports whether a consent began by an instant.
func (h *Evaluation) hadConsent(purpose, channel string, at time.Time) bool {
	return slices.ContainsFunc(h.consents, func(c consent) bool {
		return c.Purpose == purpose && c.Channel == channel && c.Begun(at)
	})
}

// basisOn returns the first basis in force at an instant that rests on the fact with an id, or nil.
func (h *Evaluation) basisOn(id string, at time.Time) *Basis {
	if h.standing == nil || !h.standingAt.Equal(at) {
		h.standing, h.standingAt = map[string]*Basis{}, at
		for i := range slices.Backward(h.bases) {
			b := &h.bases[i]
			if !b.Stands(at) {
				continue
			}
			for _, id := range b.Facts {
				h.standing[id] = b
			}
		}
	}
	return h.standing[id]
}

// askedState is "asked" while a question is open, and "none" after silence.
func (p *Policy) askedState(asked []AnnouncedQuestion, c Consent, at time.Time) Consent {
	for i := range asked {
		a := &asked[i]
		until := p.questionEnd(a.Purpose, a.Channel, a.At)
		if a.Purpose == c.Purpose && a.Channel == c.Channel && !a.At.After(at) && until.After(at) {
			c.State, c.Since, c.Until = ConsentAsked, &a.At, &until
		}
	}
	return c
}

func (p *Policy) questionEnd(purpose, channel string, at time.Time) time.Time {
	for _, a := range p.Asks {
		if a.Purpose == purpose && a.Channel == channel {
			return p.QuestionEnd(a, at)
		}
	}
	return at
}

func (h *Evaluation) grants(c *consent) []Grant {
	out := make([]Grant, len(c.grants))
	for i, n := range c.grants {
		out[i] = h.policy.grant(h.facts[n], c.Channel)
		if c.Channel == ChannelEmail && h.addressChanged(h.facts[n]) {
			out[i].Flaws = append(out[i].Flaws, FlawAddress)
		}
	}
	return out
}

// addressChanged reports whether the record of a sign-up at its platform was last listed with another
// address than that of the sign-up.
func (h *Evaluation) addressChanged(signup *fact.Fact) bool {
	if signup.Ref == "" || signup.Address == "" {
		return false
	}
	if h.listed == nil {
		h.listed = h.lastListings()
	}
	last := h.listed[recordOf{signup.Source, signup.Ref}]
	return last != nil && last.Address != signup.Address && last.Occurred.After(signup.Occurred)
}

// lastListings returns the last observation with an address of each record of a source.
func (h *Evaluation) lastListings() map[recordOf]*fact.Fact {
	out := map[recordOf]*fact.Fact{}
	for _, f := range h.facts {
		if f.Kind != fact.KindListed || f.Address == "" {
			continue
		}
		of := recordOf{f.Source, f.Ref}
		last := out[of]
		if last == nil || cmp.Or(f.Occurred.Compare(last.Occurred), f.Received.Compare(last.Received)) >= 0 {
			out[of] = f
		}
	}
	return out
}

// grant returns the evidence of a sign-up and its flaws.
func (p *Policy) grant(f *fact.Fact, channel string) Grant {
	g := Grant{
		Fact: f.ID, At: f.Occurred, Source: f.Source, Wording: f.Wording, Text: f.Shown,
		Form: f.Form, DoubleOptIn: f.DoubleOptIn, IPKnown: len(f.Proof) > 0,
	}
	if w, ok := p.WordingAt(f.Wording, f.Occurred); ok {
		g.Language, g.Text = w.Language, cmp.Or(f.Shown, w.Text)
	}
	flaw := func(is bool, name Flaw) {
		if is {
			g.Flaws = append(g.Flaws, name)
		}
	}
	flaw(f.HasTrait(fact.TraitPreticked), FlawPreticked)
	flaw(f.HasTrait(fact.TraitForced), FlawForced)
	flaw(f.HasTrait(fact.TraitChild) && !f.HasTrait(fact.TraitParentAgreed), FlawChild)
	flaw(f.IsUnproven(), FlawUnproven)
	flaw(g.Text == "", FlawWording)
	flaw(f.Doubt == fact.DoubtNoTime, FlawTime)
	traced := f.DoubleOptIn != nil || g.IPKnown
	flaw(!traced && f.Form == "", FlawTrace)
	flaw(channel == ChannelEmail && f.DoubleOptIn == nil, FlawUnconfirmed)
	return g
}

// CoversAddress reports whether a consent extends to an address. A consent without a known address extends
// to all, and an empty address means any.
func (c *Consent) CoversAddress(address string) bool {
	return address == "" || len(c.addresses) == 0 || slices.Contains(c.addresses, address)
}
