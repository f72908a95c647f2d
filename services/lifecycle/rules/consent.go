package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// consentKey is the scope of one consent. Address separates the consents for two e-mail addresses
// of one person.
type consentKey struct{ purpose, channel, address string }

// consent is a basis of consent with its history.
type consent struct {
	Basis
	key consentKey
	// grants are the sign-ups of the consent, as indexes of the history's facts; granted is the instant of the last.
	grants  []int
	granted time.Time
	// addresses are the addresses of the consent; none when unknown.
	addresses []string
	// state is the reason of the end; empty while the consent is in force.
	state ConsentState
	// bounced is the last bounce after the last grant and after the last observation of an active subscriber.
	bounced *time.Time
	// inactive is the last finding of inactivity after the last grant.
	inactive *time.Time
}

// ignoredSignup is a sign-up that opens no consent of a key because of an earlier no of the person. signup
// and no are indexes of the history's facts.
type ignoredSignup struct {
	consentKey
	signup, no int
}

// agreement is a sign-up that opened or extended a consent for an address, as an index of the history's facts.
type agreement struct {
	signup  int
	address string
}

// consentFold folds the acts of consent in order: a sign-up opens a consent for each purpose and
// channel of its wording, and an act against the consent closes the consent.
type consentFold struct {
	*Evaluation
	done []consent
	// open are the consents in force, in the order of their beginnings.
	open []*consent
}

func (h *Evaluation) foldConsents() {
	fold := consentFold{Evaluation: h, done: h.consents}
	for i, f := range h.facts {
		h.agreed = append(h.agreed, false)
		fold.act(i)
		if f.IsAgainstConsent() {
			h.against = append(h.against, i)
		}
	}
	for _, c := range fold.open {
		if t, ok := fold.expiry(c); ok {
			c.Until, c.state = &t, ConsentExpired
		}
		fold.done = append(fold.done, *c)
	}
	h.consents = fold.done
}

func (c *consentFold) act(i int) {
	switch f := c.facts[i]; f.Kind {
	case fact.KindSignup:
		c.grant(i)
	case fact.KindBounce:
		c.each(f, func(open *consent) {
			if c.inForce(open, f.Occurred) {
				open.bounced = &f.Occurred
			}
		})
	case fact.KindListed:
		c.each(f, func(open *consent) {
			if c.inForce(open, f.Occurred) && open.bounced != nil && open.bounced.Before(f.Occurred) {
				open.bounced = nil
			}
		})
	case fact.KindAddressChanged:
		if f.HasTrait(fact.TraitAuthenticated) && f.Address != "" {
			c.each(f, func(open *consent) {
				if open.Channel == ChannelEmail {
					open.addresses = append(open.addresses, f.Address)
				}
			})
		}
	case fact.KindInactivity:
		c.each(f, func(open *consent) {
			if c.inForce(open, f.Occurred) {
				open.inactive = &f.Occurred
			}
		})
	case fact.KindRefusal,
		fact.KindUnsubscribe,
		fact.KindObjection,
		fact.KindErasure,
		fact.KindInvalidated,
		fact.KindDeath:
		c.each(f, func(open *consent) { c.end(open, f) })
	}
}

// ChannelEmail is the channel whose consents belong to an address.
const ChannelEmail = "email"

// grant opens or extends the consents of a sign-up. A void sign-up opens nothing; its data are
// recorded as an invalidated consent. After a no of the person, a sign-up without evidence of its own
// opens nothing.
func (c *consentFold) grant(i int) {
	f := c.facts[i]
	covers := c.policy.covers(f)
	for _, purpose := range covers.Purposes {
		for _, channel := range covers.Channels {
			k := consentKey{purpose: purpose, channel: channel}
			if channel == ChannelEmail {
				k.address = f.Address
			}
			if f.IsVoidConsent() {
				c.done = append(c.done, consent{
					Basis: Basis{
						Purpose: purpose, Channel: channel, Since: f.Occurred, Until: c.pointer(f.Occurred),
						Facts: append(c.texts.take(1), f.ID),
					},
					grants: append(c.numbers.take(1), i), state: ConsentInvalidated,
				})
				continue
			}
			c.agree(i, k)
		}
	}
}

// agree opens or extends the consent of a key.
func (c *consentFold) agree(i int, k consentKey) {
	f, open := c.facts[i], c.opened(c.facts[i], k)
	if open == nil {
		if no, ok := c.lastNo(i, k); ok && !provesAfter(f, c.facts[no].Occurred) {
			c.ignored = append(c.ignored, ignoredSignup{k, i, no})
			return
		}
		open = c.begin(f, k)
	}
	open.Facts, open.grants = c.texts.add(open.Facts, f.ID), c.numbers.add(open.grants, i)
	open.bounced, open.inactive, open.granted = nil, nil, f.Occurred
	c.agreed[i] = true
	of := c.agreements.at(consentKey{purpose: k.purpose, channel: k.channel})
	*of = c.given.add(*of, agreement{i, k.address})
}

// opened returns the open consent of a key at a sign-up, or nil.
func (c *consentFold) opened(f *fact.Fact, k consentKey) *consent {
	for _, open := range c.open {
		if open.key == k {
			if c.inForce(open, f.Occurred) {
				return open
			}
			return nil
		}
	}
	return nil
}

// begin opens the consent of a key.
func (c *consentFold) begin(f *fact.Fact, k consentKey) *consent {
	place := append(c.begun.take(1), consent{
		key: k, Basis: Basis{Purpose: k.purpose, Channel: k.channel, Since: f.Occurred},
	})
	open := &place[0]
	if k.address != "" {
		open.addresses = append(c.texts.take(1), k.address)
	}
	c.open = append(c.open, open)
	return open
}

// inForce reports whether an open consent is in force at an instant. A consent that has expired by then is closed.
func (c *consentFold) inForce(open *consent, at time.Time) bool {
	t, ok := c.expiry(open)
	if ok && !t.After(at) {
		c.close(open, t, ConsentExpired)
		return false
	}
	return true
}

// lastNo returns the index of the last act of the person against the consent of a key before a fact.
func (h *Evaluation) lastNo(before int, k consentKey) (int, bool) {
	var addresses []string
	if k.address != "" {
		addresses = []string{k.address}
	}
	for _, i := range slices.Backward(h.against) {
		f := h.facts[i]
		if i < before && f.Covers(k.purpose, k.channel) &&
			(f.CoversAddress(addresses) || isOfRecord(f, h.facts[before])) {
			return i, true
		}
	}
	return 0, false
}

// provesAfter reports whether a sign-up has evidence of its own that the person agreed after a no: the
// time is that of the source, the sign-up is an act of the person, and a form, an IP address or a later
// confirmation of the address shows the act.
func provesAfter(f *fact.Fact, no time.Time) bool {
	if f.Doubt != "" || f.IsUnproven() || !f.Occurred.After(no) {
		return false
	}
	form := f.Form != "" && f.Form != listForm
	return form || len(f.Proof) > 0 || f.DoubleOptIn != nil && f.DoubleOptIn.After(no)
}

// answers reports whether a sign-up among the facts up to i answers every no among the acts of a basis: each
// consent that the no covers was opened again since, by sign-ups with evidence. A consent to the newsletter
// answers no refusal of offers, and a consent by e-mail none by SMS.
func (h *Evaluation) answers(i int, acts []int) bool {
	return !slices.ContainsFunc(acts, func(no int) bool {
		return h.facts[no].IsAgainstConsent() &&
			h.policy.anyConsentKey(func(k consentKey) bool {
				return h.facts[no].Covers(k.purpose, k.channel) && !h.isAnswered(no, i, k)
			})
	})
}

// isAnswered reports whether a sign-up after a no, up to the fact i, opened or extended a consent of a key for
// an address of the no.
func (h *Evaluation) isAnswered(no, i int, k consentKey) bool {
	refused, all := h.facts[no], h.agreements.get(k)
	end, _ := slices.BinarySearchFunc(all, i+1, func(a agreement, i int) int { return cmp.Compare(a.signup, i) })
	for _, a := range slices.Backward(all[:end]) {
		if a.signup <= no {
			return false
		}
		ofAddress := a.address == "" || refused.CoversAddress([]string{a.address})
		if ofAddress && provesAfter(h.facts[a.signup], refused.Occurred) {
			return true
		}
	}
	return false
}

// listForm stands for a form in the evidence of a platform that states no form: an entry in a list, which
// after a no is no evidence of an act.
const listForm = "list"

// child reports whether the person is a child without a parent's consent.
func (h *Evaluation) child() bool {
	for i := range slices.Backward(h.facts) {
		if f := h.facts[i]; f.HasTrait(fact.TraitChild) {
			return !f.HasTrait(fact.TraitParentAgreed)
		}
	}
	return false
}

// IsChild reports whether the person is a child without the agreement of a parent (Art. 8), by the last fact that
// says so. Nobody may be asked for the consent of a child.
func IsChild(facts []fact.Fact) bool {
	for _, f := range slices.Backward(facts) {
		if f.Void == nil && f.HasTrait(fact.TraitChild) {
			return !f.HasTrait(fact.TraitParentAgreed)
		}
	}
	return false
}

// each visits the open consents within the scope of an act. The visitor may close the visited one.
func (c *consentFold) each(f *fact.Fact, visit func(*consent)) {
	for n := 0; n < len(c.open); {
		open := c.open[n]
		if f.Covers(open.Purpose, open.Channel) && (f.CoversAddress(open.addresses) || c.isOfGrant(f, open)) {
			visit(open)
		}
		if n < len(c.open) && c.open[n] == open {
			n++
		}
	}
}

// isOfGrant reports whether an act against a consent and a sign-up of the consent name one record of one
// source: the platform changed the address of the record in between.
func (c *consentFold) isOfGrant(f *fact.Fact, open *consent) bool {
	return f.IsAgainstConsent() && slices.ContainsFunc(open.grants, func(i int) bool { return isOfRecord(f, c.facts[i]) })
}

// isOfRecord reports whether two facts name one record of one source.
func isOfRecord(a, b *fact.Fact) bool { return a.Ref != "" && a.Ref == b.Ref && a.Source == b.Source }

func (c *consentFold) end(open *consent, f *fact.Fact) {
	if !c.inForce(open, f.Occurred) {
		return
	}
	open.Facts = c.texts.add(open.Facts, f.ID)
	c.close(open, f.Occurred, endState(f.Kind))
}

func (c *consentFold) close(open *consent, until time.Time, state ConsentState) {
	open.Until, open.state = c.pointer(until), state
	c.done = append(c.done, *open)
	c.open = slices.DeleteFunc(c.open, func(x *consent) bool { return x == open })
}

// expiry is the end of a consent by time, if its rule has one, such as a period after the first
// bounce.
func (c *consentFold) expiry(open *consent) (time.Time, bool) {
	r := c.policy.ConsentRule(open.Purpose, open.Channel)
	if r == nil || !r.Until.Set() {
		return time.Time{}, false
	}
	return r.Until.lapse(open, c.place)
}

// anchored finds the instants from which the period of a consent is counted.
func (c *consent) anchored(name string) (time.Time, bool) {
	switch fact.Kind(name) {
	case fact.KindBounce:
		if c.bounced != nil {
			return *c.bounced, true
		}
	case fact.KindInactivity:
		if c.inactive != nil {
			return *c.inactive, true
		}
	case fact.KindSignup, AnchorAct:
		return c.granted, true
	}
	return time.Time{}, false
}

// appendConsents appends the consents for the rule's purpose as bases of the rule. The data of an ignored
// sign-up are without a basis since the no: a basis that ended as it began has them deleted.
func (h *Evaluation) appendConsents(all []Basis, r *Rule) []Basis {
	add := func(b Basis, acts ...int) {
		if h.policy.ConsentRule(b.Purpose, b.Channel) != r {
			return
		}
		b.Rule, b.Article = r.ID, r.Article
		b.Keeps = h.items.take(len(r.Keeps))
		for _, c := range r.Keeps {
			if h.policy.Categories[c].Stated != StatedPhone || !h.arePhoneless(acts) {
				b.Keeps = append(b.Keeps, Item{Category: c})
			}
		}
		all = append(all, b)
	}
	for i := range h.consents {
		add(h.consents[i].Basis, h.consents[i].grants...)
	}
	for _, s := range h.ignored {
		no := h.facts[s.no]
		add(Basis{
			Purpose: s.purpose, Channel: s.channel, Since: no.Occurred, Until: &no.Occurred,
			Facts: []string{h.facts[s.signup].ID, no.ID},
		}, s.signup)
	}
	return all
}

// consentEnd is the end of the consents whose sign-ups are no later than one of them.
type consentEnd struct {
	signup int
	// until is the last end; nil while one of the consents is in force.
	until *time.Time
}

// findConsentEnds finds the ends of consents, by their first sign-ups.
func (h *Evaluation) findConsentEnds() {
	out := h.consentEnds
	for i := range h.consents {
		out = append(out, consentEnd{h.consents[i].grants[0], h.consents[i].Until})
	}
	slices.SortStableFunc(out, func(a, b consentEnd) int { return cmp.Compare(a.signup, b.signup) })
	for i := 1; i < len(out); i++ {
		if last := out[i-1].until; last == nil || out[i].until != nil && last.After(*out[i].until) {
			out[i].until = last
		}
	}
	h.consentEnds = out
}

// consentEnd is the end of the last consent in view, not before the beginning of the basis; false
// while a consent is in force.
func (h *Evaluation) consentEnd(v view) (time.Time, bool) {
	bySignup := func(e consentEnd, next int) int { return cmp.Compare(e.signup, next) }
	n, _ := slices.BinarySearchFunc(h.consentEnds, v.next, bySignup)
	if n == 0 {
		return h.since(v), true
	}
	until := h.consentEnds[n-1].until
	if until == nil || v.next < len(h.facts) && until.After(h.facts[v.next].Occurred) {
		return time.Time{}, false
	}
	return calendar.Later(h.since(v), *until), true
}

// refusedEver reports whether the person ever refused a purpose by a channel, in any way. Such a
// person is not asked again.
func (h *Evaluation) refusedEver(purpose, channel string) bool {
	return slices.ContainsFunc(h.facts, func(f *fact.Fact) bool {
		return f.IsAgainstConsent() && f.Covers(purpose, channel)
	})
}

// AskedElsewhere reports whether another system asked the person already.
func (h *Evaluation) AskedElsewhere(purpose, channel string) bool {
	return slices.ContainsFunc(h.facts, func(f *fact.Fact) bool {
		return f.Kind == fact.KindConsentAsked && f.Covers(purpose, channel)
	})
}
