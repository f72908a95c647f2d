package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Explanation answers "why do you still hold this?" for one person at one
// instant.
type Explanation struct {
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	Policy  string    `json:"policy"`
	// Holds are the items that may be held then.
	Holds []Held `json:"holds"`
	// Facts are what the bases rest on, up to that instant.
	Facts []Fact `json:"facts"`
	// Deleted and Asked are what other systems were told by then.
	Deleted []Deletion     `json:"deleted,omitempty"`
	Asked   []PastQuestion `json:"asked,omitempty"`
	// NextChange is when time alone will next end something; nil means never.
	NextChange *time.Time `json:"next_change,omitempty"`
}

// PastQuestion is a consent that the person was to be asked for.
type PastQuestion struct {
	Asked
	// Stands tells whether the person may still be asked then: no answer came and
	// the contract is in force.
	Stands bool `json:"stands"`
}

// Held is an item that may be held, and why.
type Held struct {
	Item
	// Until is the first instant at which it may not be held, LastDay the last
	// whole day before, in the policy's zone. Both are absent while no end is known.
	Until   *time.Time `json:"until,omitempty"`
	LastDay string     `json:"last_day,omitempty"`
	// Because lists the bases that allow it, the longest first.
	Because []Basis `json:"because"`
}

// Explain tells what may be held about a subject at an instant, past or future,
// as far as the facts known today reach.
func Explain(p *Policy, s Subject, at time.Time) Explanation {
	at = at.UTC()
	facts := slices.DeleteFunc(slices.Clone(s.Facts), func(f Fact) bool { return f.Occurred.After(at) })
	h := newHistory(p, facts)
	bases := h.all
	e := Explanation{Subject: s.ID, At: at, Policy: p.ID + "@" + p.Revision, Holds: []Held{}, Facts: facts}
	for _, o := range holdings(bases, at) {
		if o.stands {
			e.Holds = append(e.Holds, p.held(o, bases, at))
		}
	}
	for i := range bases {
		if until := bases[i].Until; until != nil && until.After(at) && (e.NextChange == nil || until.Before(*e.NextChange)) {
			e.NextChange = until
		}
	}
	e.Deleted = slices.DeleteFunc(slices.Clone(s.Deleted), func(d Deletion) bool { return d.At.After(at) })
	for _, a := range s.Asked {
		if !a.At.After(at) {
			e.Asked = append(e.Asked, PastQuestion{a, h.open(a.Purpose, a.Channel, at) != nil})
		}
	}
	return e
}

func (p *Policy) held(o holding, bases []Basis, at time.Time) Held {
	h := Held{Item: o.Item, Until: o.until, LastDay: p.LastDay(o.until)}
	for _, b := range bases {
		if b.Stands(at) && slices.Contains(b.Keeps, o.Item) {
			h.Because = append(h.Because, b)
		}
	}
	slices.SortStableFunc(h.Because, func(a, b Basis) int { return compareEnds(b.Until, a.Until) })
	return h
}

// LastDay returns the last day on which something that lapses at until may be
// held, in the policy's zone, or "" when no end is known.
func (p *Policy) LastDay(until *time.Time) string {
	if until == nil {
		return ""
	}
	return calendar.In(until.Add(-time.Millisecond), p.Place.Zone).String()
}

// compareEnds orders ends in time; no end comes last.
func compareEnds(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}
