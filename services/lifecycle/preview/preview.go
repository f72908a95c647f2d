// Package preview counts what an installation would do: the deletions that wait, and the data that lapse in the months
// to come. A preview changes nothing.
package preview

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Preview is the sum over all persons.
type Preview struct {
	At time.Time `json:"at"`
	// Persons is the number of persons, Holding those of whom personal data may be held.
	Persons int `json:"persons"`
	Holding int `json:"holding"`
	// Waiting are the decisions that are not published, by recipient and category.
	Waiting []Waiting `json:"waiting"`
	// Months are the data that lapse by time alone, by civil month.
	Months []Month `json:"months"`
	// Purposes are the persons with a basis in force, by purpose.
	Purposes map[string]int `json:"purposes"`
	// Questions is the number of persons who may be asked for a consent, Unproven the number of consents without proof.
	Questions int `json:"questions"`
	Unproven  int `json:"unproven"`
	// Nameless are the persons of whom records are known and no name, such as an address; Conflicts those that share a
	// name with another person and were not joined.
	Nameless  int `json:"nameless"`
	Conflicts int `json:"conflicts"`
	// Unlisted is the number of products that sold and are not listed in the configuration, at most maxUnlisted.
	Unlisted int `json:"unlisted"`
}

// maxUnlisted bounds the products that are remembered.
const maxUnlisted = 1000

// Waiting is the number of items of one category that wait to be deleted at one recipient.
type Waiting struct {
	// Recipient is the id of the recipient; empty for data that no recipient holds.
	Recipient string              `json:"recipient"`
	Category  string              `json:"category"`
	Reason    decision.HeldReason `json:"reason"`
	Items     int                 `json:"items"`
	Persons   int                 `json:"persons"`
}

// Month is the number of items of each category that lapse in a civil month.
type Month struct {
	// Month is such as 2027-01.
	Month      string         `json:"month"`
	Persons    int            `json:"persons"`
	Categories map[string]int `json:"categories"`
	// Recipients is the number of items that each recipient would delete, by recipient and category.
	Recipients map[string]map[string]int `json:"recipients"`
}

// Counter adds persons up. The memory of a Counter does not depend on the number of persons.
type Counter struct {
	policy  *rules.Policy
	at, end time.Time
	out     Preview
	waiting map[Waiting]*Waiting
	months  map[string]*Month
	// unlisted are the products that are not listed.
	unlisted map[string]bool
}

// NewCounter returns a counter for the months that follow an instant.
func NewCounter(p *rules.Policy, at time.Time, months int) *Counter {
	return &Counter{
		policy: p, at: at, end: at.AddDate(0, months, 0), waiting: map[Waiting]*Waiting{}, months: map[string]*Month{},
		out: Preview{At: at.UTC(), Purposes: map[string]int{}}, unlisted: map[string]bool{},
	}
}

// Add counts one person.
func (c *Counter) Add(s *lifecycle.Subject) {
	c.out.Persons++
	if s.HoldsPersonal {
		c.out.Holding++
	}
	for i := range s.Outbox {
		c.addWaiting(&s.Outbox[i])
	}
	c.addBases(s)
	if s.Nameless {
		c.out.Nameless++
	}
	if len(s.Conflicts) > 0 {
		c.out.Conflicts++
	}
	c.addUnlisted(s)
	for _, consent := range s.Consents(c.policy, c.at) {
		if consent.State == rules.ConsentUnproven {
			c.out.Unproven++
		}
	}
}

// addUnlisted counts the products that are not listed.
func (c *Counter) addUnlisted(s *lifecycle.Subject) {
	for i := range s.Facts {
		for _, keys := range c.policy.Guessed(&s.Facts[i]) {
			if len(c.unlisted) < maxUnlisted {
				c.unlisted[s.Facts[i].Source+"\x00"+strings.Join(keys, "\x00")] = true
			}
		}
	}
	c.out.Unlisted = len(c.unlisted)
}

// addWaiting counts an unpublished decision.
func (c *Counter) addWaiting(d *decision.Decision) {
	if d.Held == nil {
		return
	}
	if d.Kind == stream.KindAskConsent {
		c.out.Questions++
		return
	}
	for _, id := range d.Recipients {
		to := c.policy.Recipient(id)
		counted := map[Waiting]bool{}
		for _, item := range d.Items() {
			if to == nil || !to.HoldsAny([]rules.Item{item}) {
				continue
			}
			key := Waiting{Recipient: id, Category: item.Category, Reason: d.Held.Reason}
			w := c.waiting[key]
			if w == nil {
				w = &Waiting{Recipient: id, Category: item.Category, Reason: d.Held.Reason}
				c.waiting[key] = w
			}
			w.Items++
			if !counted[key] {
				counted[key] = true
				w.Persons++
			}
		}
	}
}

// addBases counts the purposes in force and the data that lapse by time.
func (c *Counter) addBases(s *lifecycle.Subject) {
	h := rules.Evaluate(c.policy, s.Facts)
	bases := h.Bases()
	seen := map[string]bool{}
	for i := range bases {
		if b := &bases[i]; b.Stands(c.at) && !seen[b.Purpose] {
			seen[b.Purpose] = true
			c.out.Purposes[b.Purpose]++
		}
	}
	counted := map[string]bool{}
	for _, o := range h.Holdings(c.at) {
		if !o.InForce || o.Until == nil || o.Until.After(c.end) || c.policy.Categories[o.Category].Pseudonymous {
			continue
		}
		month := calendar.In(o.Until.Add(-time.Millisecond), c.policy.Place.Zone).String()[:len("2006-01")]
		m := c.months[month]
		if m == nil {
			m = &Month{Month: month, Categories: map[string]int{}, Recipients: map[string]map[string]int{}}
			c.months[month] = m
		}
		m.Categories[o.Category]++
		for _, id := range decision.RecipientsOf(c.policy, stream.KindDelete, []rules.Item{o.Item}) {
			if m.Recipients[id] == nil {
				m.Recipients[id] = map[string]int{}
			}
			m.Recipients[id][o.Category]++
		}
		if !counted[month] {
			counted[month] = true
			m.Persons++
		}
	}
	h.Release()
}

// Preview returns the sum, in a fixed order.
func (c *Counter) Preview() Preview {
	out := c.out
	out.Waiting, out.Months = []Waiting{}, []Month{}
	for _, w := range c.waiting {
		out.Waiting = append(out.Waiting, *w)
	}
	slices.SortFunc(out.Waiting, func(a, b Waiting) int {
		return slices.Compare(
			[]string{a.Recipient, a.Category, string(a.Reason)}, []string{b.Recipient, b.Category, string(b.Reason)})
	})
	for _, month := range slices.Sorted(maps.Keys(c.months)) {
		out.Months = append(out.Months, *c.months[month])
	}
	return out
}
