package rules

import (
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
	// grants are the sign-ups of the consent, as indexes of the history's facts.
	grants []int
	// addresses are the addresses of the consent; none when unknown.
	addresses []string
	// state is the reason of the end; empty while the consent is in force.
	state ConsentState
	// bounced is the last bounce after the last grant and after the last observation of an active subscriber.
	bounced *time.Time
}

// ignoredSignup is a sign-up that opens no consent of a key because of an earlier no of the person. signup
// and no are indexes of the history's facts.
type ignoredSignup struct {
	consentKey
	signup, no int
}

// consentFold folds the acts of consent in order: a sign-up opens a consent for each purpose and
// channel of its wording, and an act against the consent closes the consent.
type consentFold struct {
	*Evaluation
	done []consent
	open map[consentKey]*consent
	keys []consentKey
}

func (h *Evaluation) foldConsents() []consent {
	h.agreed = map[int][]consentKey{}
	fold := consentFold{Evaluation: h, open: map[consentKey]*consent{}}
	for i := range h.facts {
		fold.act(i)
	}
	for _, k := range fold.keys {
		c := fold.open[k]
		if t, ok := fold.expiry(k, c); ok {
			c.Until, c.state = &t, ConsentExpired
		}
		fold.done = append(fold.done, *c)
	}
	return fold.done
}

func (c *consentFold) act(i int) {
	switch f := c.facts[i]; f.Kind {
	case fact.KindSignup:
		c.grant(i)
	case fact.KindBounce:
		c.each(f, func(k consentKey, open *consent) {
			if c.inForce(k, f.Occurred) {
				open.bounced = &f.Occurred
			}
		})
	case fact.KindListed:
		c.each(f, func(k consentKey, open *consent) {
			if c.inForce(k, f.Occurred) && open.bounced != nil && open.bounced.Before(f.Occurred) {
				open.bounced = nil
			}
		})
	case fact.KindAddressChanged:
		if f.HasTrait(fact.TraitAuthenticated) && f.Address != "" {
			c.each(f, func(k consentKey, open *consent) {
				if k.channel == ChannelEmail {
					open.addresses = append(open.addresses, f.Address)
				}
			})
		}
	case fact.KindRefusal, fact.KindUnsubscribe, fact.KindObjection, fact.KindErasure, fact.KindInvalidated:
		c.each(f, func(k consentKey, _ *consent) { c.end(k, f) })
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
				until := f.Occurred
				c.done = append(c.done, consent{
					Basis:  Basis{Purpose: purpose, Channel: channel, Since: f.Occurred, Until: &until, Facts: []string{f.ID}},
					grants: []int{i}, state: ConsentInvalidated,
				})
				continue
			}
			if no, ok := c.lastNo(i, k); ok && !c.inForce(k, f.Occurred) && !provesAfter(f, c.facts[no].Occurred) {
				c.ignored = append(c.ignored, ignoredSignup{k, i, no})
				continue
			}
			c.agreed[i] = append(c.agreed[i], k)
			open := c.opened(k, f)
			open.Facts, open.grants, open.bounced = append(open.Facts, f.ID), append(open.grants, i), nil
		}
	}
}

// opened returns the open consent of a key, and opens one where there is none.
func (c *consentFold) opened(k consentKey, f *fact.Fact) *consent {
	if c.inForce(k, f.Occurred) {
		return c.open[k]
	}
	open := &consent{Basis: Basis{Purpose: k.purpose, Channel: k.channel, Since: f.Occurred}}
	if k.address != "" {
		open.addresses = []string{k.address}
	}
	c.open[k] = open
	c.keys = append(c.keys, k)
	return open
}

// inForce reports whether the consent of a key is open at an instant. A consent that has expired by
// then is closed.
func (c *consentFold) inForce(k consentKey, at time.Time) bool {
	open := c.open[k]
	if open == nil {
		return false
	}
	t, ok := c.expiry(k, open)
	if ok && !t.After(at) {
		c.close(k, t, ConsentExpired)
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
	for i := range slices.Backward(h.facts[:before]) {
		f := h.facts[i]
		if f.IsAgainstConsent() && f.Covers(k.purpose, k.channel) &&
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
			slices.ContainsFunc(h.policy.consentKeys(), func(k consentKey) bool {
				return h.facts[no].Covers(k.purpose, k.channel) && !h.isAnswered(no, i, k)
			})
	})
}

// isAnswered reports whether a sign-up after a no, up to the fact i, opened or extended a consent of a key for
// an address of the no.
func (h *Evaluation) isAnswered(no, i int, k consentKey) bool {
	refused := h.facts[no]
	for j := no + 1; j <= i; j++ {
		if !provesAfter(h.facts[j], refused.Occurred) {
			continue
		}
		for _, opened := range h.agreed[j] {
			ofAddress := opened.address == "" || refused.CoversAddress([]string{opened.address})
			if opened.purpose == k.purpose && opened.channel == k.channel && ofAddress {
				return true
			}
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

// each visits the open consents within the scope of an act. The visitor may close them.
func (c *consentFold) each(f *fact.Fact, visit func(consentKey, *consent)) {
	for _, k := range slices.Clone(c.keys) {
		open := c.open[k]
		if open != nil && f.Covers(k.purpose, k.channel) && (f.CoversAddress(open.addresses) || c.isOfGrant(f, open)) {
			visit(k, open)
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

func (c *consentFold) end(k consentKey, f *fact.Fact) {
	if !c.inForce(k, f.Occurred) {
		return
	}
	c.open[k].Facts = append(c.open[k].Facts, f.ID)
	c.close(k, f.Occurred, endState(f.Kind))
}

func (c *consentFold) close(k consentKey, until time.Time, state ConsentState) {
	open := c.open[k]
	open.Until, open.state = &until, state
	c.done = append(c.done, *open)
	delete(c.open, k)
	c.keys = slices.DeleteFunc(c.keys, func(x consentKey) bool { return x == k })
}

// expiry is the end of a consent by time, if its rule has one, such as a period after the first
// bounce.
func (c *consentFold) expiry(k consentKey, open *consent) (time.Time, bool) {
	r := c.policy.ConsentRule(k.purpose, k.channel)
	if r == nil || !r.Until.Set() {
		return time.Time{}, false
	}
	return r.Until.lapse(func(name string) (time.Time, bool) {
		switch fact.Kind(name) {
		case fact.KindBounce:
			if open.bounced != nil {
				return *open.bounced, true
			}
		case fact.KindSignup, AnchorAct:
			return c.facts[open.grants[len(open.grants)-1]].Occurred, true
		}
		return time.Time{}, false
	}, c.policy.Place)
}

// appendConsents appends the consents for the rule's purpose as bases of the rule. The data of an ignored
// sign-up are without a basis since the no: a basis that ended as it began has them deleted.
func (h *Evaluation) appendConsents(all []Basis, r *Rule) []Basis {
	add := func(b Basis) {
		if h.policy.ConsentRule(b.Purpose, b.Channel) != r {
			return
		}
		b.Rule, b.Article = r.ID, r.Article
		b.Keeps = h.items.take(len(r.Keeps))
		for _, c := range r.Keeps {
			b.Keeps = append(b.Keeps, Item{Category: c})
		}
		all = append(all, b)
	}
	for i := range h.consents {
		add(h.consents[i].Basis)
	}
	for _, s := range h.ignored {
		no := h.facts[s.no]
		add(Basis{
			Purpose: s.purpose, Channel: s.channel, Since: no.Occurred, Until: &no.Occurred,
			Facts: []string{h.facts[s.signup].ID, no.ID},
		})
	}
	return all
}

// consentEnd is the end of the last consent in view, not before the beginning of the basis; false
// while a consent is in force.
func (h *Evaluation) consentEnd(v view) (time.Time, bool) {
	last := h.since(v)
	for i := range h.consents {
		c := &h.consents[i]
		switch {
		case c.grants[0] >= v.next:
		case c.Until == nil, v.next < len(h.facts) && c.Until.After(h.facts[v.next].Occurred):
			return time.Time{}, false
		default:
			last = calendar.Later(last, *c.Until)
		}
	}
	return last, true
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
