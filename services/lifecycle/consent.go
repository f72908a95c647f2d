package lifecycle

import (
	"slices"
	"time"
)

// consentKey is what one consent is for. Address keeps apart the consents that
// were given for two e-mail addresses of one person.
type consentKey struct{ purpose, channel, address string }

// consent is a basis of consent, and how it came and went.
type consent struct {
	Basis
	// grants are the acts that gave it, as indexes of the history's facts.
	grants []int
	// addresses are those it was given for; none when that is not known.
	addresses []string
	// state is why it ended; empty while it stands.
	state ConsentState
	// bounced is when a message last came back, after the last grant.
	bounced *time.Time
}

// consentFold goes through the acts of consent in order: a sign-up opens a consent
// to each purpose by each channel that its wording covers, and any act against it
// closes it.
type consentFold struct {
	*history
	done []consent
	open map[consentKey]*consent
	keys []consentKey
}

func (h *history) foldConsents() []consent {
	fold := consentFold{history: h, open: map[consentKey]*consent{}}
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
	switch f := &c.facts[i]; f.Kind {
	case KindSignup:
		c.grant(i)
	case KindBounce:
		c.each(f, func(k consentKey, open *consent) {
			if t, ok := c.expiry(k, open); ok && !t.After(f.Occurred) {
				c.close(k, t, ConsentExpired)
				return
			}
			open.bounced = &f.Occurred
		})
	case KindAddressChanged:
		if f.hasTrait(TraitAuthenticated) && f.Address != "" {
			c.each(f, func(k consentKey, open *consent) {
				if k.channel == channelEmail {
					open.addresses = append(open.addresses, f.Address)
				}
			})
		}
	case KindRefusal, KindUnsubscribe, KindObjection, KindErasure, KindInvalidated:
		c.each(f, func(k consentKey, _ *consent) { c.end(k, f) })
	}
}

// channelEmail is the channel whose consents are tied to an address.
const channelEmail = "email"

// grant opens what a sign-up consents to, or adds to it. A void one opens nothing,
// and shows what was taken in on it.
func (c *consentFold) grant(i int) {
	f := &c.facts[i]
	covers := c.policy.covers(f)
	for _, purpose := range covers.Purposes {
		for _, channel := range covers.Channels {
			k := consentKey{purpose: purpose, channel: channel}
			if channel == channelEmail {
				k.address = f.Address
			}
			if f.void() {
				until := f.Occurred
				c.done = append(c.done, consent{
					Basis:  Basis{Purpose: purpose, Channel: channel, Since: f.Occurred, Until: &until, Facts: []string{f.ID}},
					grants: []int{i}, state: ConsentInvalidated,
				})
				continue
			}
			open := c.opened(k, f)
			open.Facts, open.grants, open.bounced = append(open.Facts, f.ID), append(open.grants, i), nil
		}
	}
}

// opened returns the open consent of a key, and opens one where there is none.
func (c *consentFold) opened(k consentKey, f *Fact) *consent {
	if open := c.open[k]; open != nil {
		t, ok := c.expiry(k, open)
		if !ok || t.After(f.Occurred) {
			return open
		}
		c.close(k, t, ConsentExpired)
	}
	open := &consent{Basis: Basis{Purpose: k.purpose, Channel: k.channel, Since: f.Occurred}}
	if k.address != "" {
		open.addresses = []string{k.address}
	}
	c.open[k] = open
	c.keys = append(c.keys, k)
	return open
}

// void tells whether a sign-up is no consent: a box that was ticked already
// (C-673/17), a purchase that was impossible without it (Art. 7(4)), a child
// without a parent (Art. 8).
func (f *Fact) void() bool {
	return f.hasTrait(TraitPreticked) || f.hasTrait(TraitForced) || f.hasTrait(TraitChild) && !f.hasTrait(TraitParentAgreed)
}

// child tells whether the person is known to be a child without a parent's consent.
func (h *history) child() bool {
	for i := range slices.Backward(h.facts) {
		if f := &h.facts[i]; f.hasTrait(TraitChild) {
			return !f.hasTrait(TraitParentAgreed)
		}
	}
	return false
}

// agrees tells whether a sign-up is a consent to anything.
func (p *Policy) agrees(f *Fact) bool {
	c := p.covers(f)
	return !f.void() && len(c.Purposes) > 0 && len(c.Channels) > 0
}

// each visits the open consents that an act reaches. It may close them.
func (c *consentFold) each(f *Fact, visit func(consentKey, *consent)) {
	for _, k := range slices.Clone(c.keys) {
		if open := c.open[k]; open != nil && f.reaches(k.purpose, k.channel) && f.reachesAddress(open.addresses) {
			visit(k, open)
		}
	}
}

func (c *consentFold) end(k consentKey, f *Fact) {
	if t, ok := c.expiry(k, c.open[k]); ok && !t.After(f.Occurred) {
		c.close(k, t, ConsentExpired)
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

// expiry is when a consent ends by itself, if its rule lets it: a while after
// messages began to come back, say.
func (c *consentFold) expiry(k consentKey, open *consent) (time.Time, bool) {
	r := c.policy.consentRule(k.purpose, k.channel)
	if r == nil || !r.Until.Set() {
		return time.Time{}, false
	}
	return r.Until.lapse(func(name string) (time.Time, bool) {
		switch Kind(name) {
		case KindBounce:
			if open.bounced != nil {
				return *open.bounced, true
			}
		case KindSignup, AnchorAct:
			return c.facts[open.grants[len(open.grants)-1]].Occurred, true
		}
		return time.Time{}, false
	}, c.policy.Place)
}

// against tells whether the kind is a no of the person's.
func (k Kind) against() bool {
	switch k {
	case KindRefusal, KindUnsubscribe, KindObjection, KindErasure:
		return true
	}
	return false
}

// reaches tells whether an act about consent is about a purpose and channel.
// An erasure request is about all of them.
func (f *Fact) reaches(purpose, channel string) bool {
	if f.Kind == KindErasure {
		return true
	}
	return (len(f.Purposes) == 0 || slices.Contains(f.Purposes, purpose)) &&
		(len(f.Channels) == 0 || slices.Contains(f.Channels, channel))
}

// reachesAddress tells whether an act reaches consents that were given for some
// addresses. To unsubscribe one address says nothing of another; erasure and
// objection are about the person.
func (f *Fact) reachesAddress(addresses []string) bool {
	switch f.Kind {
	case KindUnsubscribe, KindRefusal, KindBounce:
		return f.Address == "" || len(addresses) == 0 || slices.Contains(addresses, f.Address)
	}
	return true
}

// consentsOf returns the consents to the rule's purpose as its bases.
func (h *history) consentsOf(r *Rule) []Basis {
	var out []Basis
	for i := range h.consents {
		b := h.consents[i].Basis
		if h.policy.consentRule(b.Purpose, b.Channel) != r {
			continue
		}
		b.Rule, b.Article = r.ID, r.Article
		for _, c := range r.Keeps {
			b.Keeps = append(b.Keeps, Item{Category: c})
		}
		out = append(out, b)
	}
	return out
}

// consentEnd is since when no consent stands, as far as is in view, and not before the
// basis began; false while one stands.
func (h *history) consentEnd(v view) (time.Time, bool) {
	last := h.since(v)
	for i := range h.consents {
		c := &h.consents[i]
		switch {
		case c.grants[0] >= v.next:
		case c.Until == nil, v.next < len(h.facts) && c.Until.After(h.facts[v.next].Occurred):
			return time.Time{}, false
		default:
			last = maxTime(last, *c.Until)
		}
	}
	return last, true
}

// refusedEver tells whether the person ever said no to a purpose by a channel,
// in any of the ways there are. Such a person is not asked again.
func (h *history) refusedEver(purpose, channel string) bool {
	return slices.ContainsFunc(h.facts, func(f Fact) bool {
		return f.Kind.against() && f.reaches(purpose, channel)
	})
}

// askedOutside tells whether the person was asked by somebody else already.
func (h *history) askedOutside(purpose, channel string) bool {
	return slices.ContainsFunc(h.facts, func(f Fact) bool {
		return f.Kind == KindConsentAsked && f.reaches(purpose, channel)
	})
}
