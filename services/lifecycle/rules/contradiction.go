package rules

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Contradiction is a report of a source that a person subscribes although the person said no before and
// gave no new consent since.
type Contradiction struct {
	// No is the act of the person against the consent.
	No fact.Fact
	// Source is the source of the report.
	Source string
	// Listed reports whether the source lists the person as an active subscriber; otherwise the report
	// is a sign-up without evidence of its own.
	Listed bool
}

// Same reports whether two contradictions concern the same no and the same source.
func (c *Contradiction) Same(other Contradiction) bool {
	return c.No.ID == other.No.ID && c.Source == other.Source
}

// Contradictions returns the contradictions between the acts of the person and the reports of sources, one
// for each no and source.
func (h *Evaluation) Contradictions() []Contradiction {
	var out []Contradiction
	add := func(c Contradiction) {
		if !slices.ContainsFunc(out, c.Same) {
			out = append(out, c)
		}
	}
	for i := range h.facts {
		if h.facts[i].Kind != fact.KindListed {
			continue
		}
		if no, ok := h.noBeforeListing(i); ok {
			add(Contradiction{No: *h.facts[no], Source: h.facts[i].Source, Listed: true})
		}
	}
	for _, s := range h.ignored {
		add(Contradiction{No: *h.facts[s.no], Source: h.facts[s.signup].Source})
	}
	return out
}

// noBeforeListing returns the index of the no that an observation of an active subscriber contradicts: the
// last no to e-mail before the observation. No contradiction exists while a consent by e-mail is in force,
// or after a later sign-up that gave one.
func (h *Evaluation) noBeforeListing(listed int) (int, bool) {
	f := h.facts[listed]
	last := -1
	for _, k := range h.compiled.keys {
		k.address = f.Address
		if no, ok := h.lastNo(listed, k); ok && k.channel == ChannelEmail {
			last = max(last, no)
		}
	}
	for i := range h.consents {
		c := &h.consents[i]
		if c.Channel != ChannelEmail || !f.CoversAddress(c.addresses) ||
			c.state == ConsentInvalidated && c.Since.Equal(*c.Until) {
			continue
		}
		if c.Stands(f.Occurred) || c.grants[len(c.grants)-1] > last {
			return 0, false
		}
	}
	return last, last >= 0
}

// FollowsNoAct reports whether an unsubscription follows the end of a consent that no act of the person
// ended: every consent that the unsubscription covers was invalidated or has expired, and no earlier act
// against such a consent exists. The evaluation must not contain the unsubscription.
func (h *Evaluation) FollowsNoAct(f *fact.Fact) bool {
	ended := false
	for i := range h.consents {
		c := &h.consents[i]
		if !f.Covers(c.Purpose, c.Channel) || !f.CoversAddress(c.addresses) || !c.Begun(f.Occurred) {
			continue
		}
		if ended = true; c.Stands(f.Occurred) {
			return false
		}
	}
	if !ended {
		return false
	}
	before := slices.IndexFunc(h.facts, func(x *fact.Fact) bool { return x.Occurred.After(f.Occurred) })
	if before < 0 {
		before = len(h.facts)
	}
	for _, k := range h.compiled.keys {
		k.address = f.Address
		if !f.Covers(k.purpose, k.channel) {
			continue
		}
		if _, ok := h.lastNo(before, k); ok {
			return false
		}
	}
	return true
}

// listing is the subject of an observation: the address at a source.
type listing struct{ source, address string }

// supersededListings returns the ids of observations of an active subscriber without an effect: neither the
// last observation of a source and address, nor the first after a bounce.
func (h *Evaluation) supersededListings() map[string]bool {
	type state struct {
		last    int
		needed  bool
		bounces int
	}
	if !slices.Contains(h.kinds.names, fact.KindListed) {
		return nil
	}
	out := map[string]bool{}
	known := map[listing]state{}
	bounces := 0
	for i := range h.facts {
		switch f := h.facts[i]; f.Kind {
		case fact.KindBounce:
			bounces++
		case fact.KindListed:
			k := listing{f.Source, f.Address}
			was, ok := known[k]
			if ok && !was.needed {
				out[h.facts[was.last].ID] = true
			}
			known[k] = state{last: i, needed: bounces > was.bounces, bounces: bounces}
		}
	}
	return out
}
