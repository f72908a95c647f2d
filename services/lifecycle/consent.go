package lifecycle

import (
	"slices"
	"time"
)

// consentKey is what one consent is for.
type consentKey struct{ purpose, channel string }

// consentBases folds the acts of consent in order: a sign-up opens a consent to
// each purpose by each channel that its wording covers, and any act against it
// closes it. The bases carry no items yet; consentsOf adds what the rule keeps.
func (h *history) consentBases() []Basis {
	var (
		done []Basis
		open = map[consentKey]*Basis{}
		keys []consentKey
	)
	for i := range h.facts {
		f := &h.facts[i]
		switch {
		case f.Kind == Signup:
			c := h.policy.covers(*f)
			for _, purpose := range c.Purposes {
				for _, channel := range c.Channels {
					k := consentKey{purpose, channel}
					if open[k] == nil {
						open[k] = &Basis{Purpose: purpose, Channel: channel, Since: f.Occurred}
						keys = append(keys, k)
					}
					open[k].Facts = append(open[k].Facts, f.ID)
				}
			}
		case f.Kind.against():
			for _, k := range keys {
				if b := open[k]; b != nil && f.reaches(k.purpose, k.channel) {
					until := f.Occurred
					b.Until, b.Facts = &until, append(b.Facts, f.ID)
					done = append(done, *b)
					delete(open, k)
				}
			}
			keys = slices.DeleteFunc(keys, func(k consentKey) bool { return open[k] == nil })
		}
	}
	for _, k := range keys {
		done = append(done, *open[k])
	}
	return done
}

// against tells whether the kind is an act against consent.
func (k Kind) against() bool {
	switch k {
	case Refusal, Unsubscribe, Objection, Erasure:
		return true
	}
	return false
}

// reaches tells whether an act about consent is about a purpose and channel.
// An erasure request is about all of them.
func (f *Fact) reaches(purpose, channel string) bool {
	if f.Kind == Erasure {
		return true
	}
	return (len(f.Purposes) == 0 || slices.Contains(f.Purposes, purpose)) &&
		(len(f.Channels) == 0 || slices.Contains(f.Channels, channel))
}

// consentsOf returns the consents to the rule's purpose as its bases.
func (h *history) consentsOf(r *Rule) []Basis {
	var out []Basis
	for _, b := range h.consents {
		if b.Purpose != r.Purpose {
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

// consentEnd is when the last consent ended; false while one stands.
func (h *history) consentEnd() (time.Time, bool) {
	var last time.Time
	for i := range h.consents {
		if h.consents[i].Until == nil {
			return time.Time{}, false
		}
		last = maxTime(last, *h.consents[i].Until)
	}
	return last, !last.IsZero()
}

// refusedEver tells whether the person ever said no to a purpose by a channel,
// in any of the ways there are. Such a person is not asked again.
func (h *history) refusedEver(purpose, channel string) bool {
	return slices.ContainsFunc(h.facts, func(f Fact) bool {
		return f.Kind.against() && f.reaches(purpose, channel)
	})
}
