// Package simulation compares two policies on stored persons: whose data the second policy would delete earlier or keep
// longer, by category and month. A simulation changes nothing.
package simulation

import (
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Effect is a number of persons, and of items of their data by category.
type Effect struct {
	Persons int            `json:"persons"`
	Items   map[string]int `json:"items"`
}

// Month is what a civil month would bring.
type Month struct {
	// Month is such as 2027-01.
	Month string `json:"month"`
	// Earlier is what would be deleted in the month and be kept longer by the policy in force; Kept is what the policy in
	// force deletes in the month and the other keeps.
	Earlier Effect `json:"earlier"`
	Kept    Effect `json:"kept"`
}

// Use is the number of persons to whom a message of a purpose may be sent over a channel.
type Use struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
	// Now and Next count under the policy in force and under the other.
	Now  int `json:"now"`
	Next int `json:"next"`
}

// Result is the difference between two policies.
type Result struct {
	At      time.Time `json:"at"`
	Persons int       `json:"persons"`
	// AtOnce is what would be deleted as soon as the policy is in force. Earlier includes AtOnce.
	AtOnce  Effect `json:"at_once"`
	Earlier Effect `json:"earlier"`
	Kept    Effect `json:"kept"`
	// FirstDay is the first civil day, such as 2027-01-01, on which data would be deleted that the policy in force keeps
	// longer: until then the change can be taken back without a loss. Empty when nothing is deleted earlier.
	FirstDay string `json:"first_day,omitempty"`
	// Months are the months with a difference, the first maxMonths of them; Later sums the others up.
	Months []Month `json:"months"`
	Later  *Month  `json:"later,omitempty"`
	// Uses are the messages that another number of persons may receive.
	Uses []Use `json:"uses"`
}

// maxMonths bounds the months of a result: ten years.
const maxMonths = 120

// Counter adds persons up. The memory of a Counter does not depend on the number of persons.
type Counter struct {
	now, next *rules.Policy
	at        time.Time
	out       Result
	first     time.Time
	months    map[string]*Month
	uses      map[[2]string]*Use
	// until is when the items of one person lapse under the policy in force; nil means no known end.
	until map[rules.Item]*time.Time
	// earlier and kept are the months that count the person already.
	earlier, kept map[string]bool
}

// NewCounter returns a counter for the policy in force and another one, at an instant.
func NewCounter(now, next *rules.Policy, at time.Time) *Counter {
	return &Counter{
		now: now, next: next, at: at, months: map[string]*Month{}, uses: map[[2]string]*Use{},
		until: map[rules.Item]*time.Time{}, earlier: map[string]bool{}, kept: map[string]bool{},
		out: Result{At: at.UTC(), AtOnce: newEffect(), Earlier: newEffect(), Kept: newEffect()},
	}
}

func newEffect() Effect { return Effect{Items: map[string]int{}} }

// Add counts one person.
func (c *Counter) Add(s *lifecycle.Subject) {
	if s.MergedInto != "" {
		return
	}
	c.out.Persons++
	clear(c.until)
	clear(c.earlier)
	clear(c.kept)
	h := rules.Evaluate(c.now, s.Facts)
	for _, o := range h.Holdings(c.at) {
		if o.InForce && !c.now.Categories[o.Category].Pseudonymous {
			c.until[o.Item] = o.Until
		}
	}
	c.addUses(s, h, func(u *Use) { u.Now++ })
	h.Release()
	h = rules.Evaluate(c.next, s.Facts)
	atOnce := c.compare(h.Holdings(c.at))
	c.addUses(s, h, func(u *Use) { u.Next++ })
	h.Release()
	countPerson(&c.out.AtOnce, atOnce)
	countPerson(&c.out.Earlier, len(c.earlier) > 0)
	countPerson(&c.out.Kept, len(c.kept) > 0)
}

func countPerson(e *Effect, counts bool) {
	if counts {
		e.Persons++
	}
}

// compare counts the items of one person that the other policy keeps for another time, and reports whether it deletes
// any at once.
func (c *Counter) compare(next []rules.Holding) (atOnce bool) {
	for i := range next {
		o := &next[i]
		was, held := c.until[o.Item]
		switch {
		case !held || !o.InForce: // the end of the loop counts what is held no longer
			continue
		case isBefore(o.Until, was):
			c.addEarlier(o.Category, *o.Until)
		case isBefore(was, o.Until):
			c.addKept(o.Category, *was)
		}
		delete(c.until, o.Item)
	}
	for item := range c.until {
		atOnce = true
		c.out.AtOnce.Items[item.Category]++
		c.addEarlier(item.Category, c.at)
	}
	return atOnce
}

// isBefore reports whether an end is before another; nil is no known end.
func isBefore(a, b *time.Time) bool { return a != nil && (b == nil || a.Before(*b)) }

// addEarlier counts an item that would be deleted at an instant, before its time.
func (c *Counter) addEarlier(category string, at time.Time) {
	c.out.Earlier.Items[category]++
	if c.first.IsZero() || at.Before(c.first) {
		c.first = at
	}
	month := c.lastMonth(at)
	m := c.of(month)
	m.Earlier.Items[category]++
	countPerson(&m.Earlier, !c.earlier[month])
	c.earlier[month] = true
}

// addKept counts an item that would be kept although the policy in force deletes it at an instant.
func (c *Counter) addKept(category string, at time.Time) {
	c.out.Kept.Items[category]++
	month := c.lastMonth(at)
	m := c.of(month)
	m.Kept.Items[category]++
	countPerson(&m.Kept, !c.kept[month])
	c.kept[month] = true
}

// lastMonth is the civil month of the last day before an end; the end of what goes at once is this month.
func (c *Counter) lastMonth(end time.Time) string {
	if end.After(c.at) {
		end = end.Add(-time.Millisecond)
	}
	return calendar.In(end, c.now.Place.Zone).String()[:len("2006-01")]
}

func (c *Counter) of(month string) *Month {
	m := c.months[month]
	if m == nil {
		m = &Month{Month: month, Earlier: newEffect(), Kept: newEffect()}
		c.months[month] = m
	}
	return m
}

// addUses counts the messages that the person may receive.
func (c *Counter) addUses(s *lifecycle.Subject, h *rules.Evaluation, count func(*Use)) {
	if !s.HoldsPersonal {
		return
	}
	for _, a := range rights.Answers(h, s.Facts, s.Questions, c.at) {
		if !a.Allowed {
			continue
		}
		key := [2]string{a.Purpose, a.Channel}
		if c.uses[key] == nil {
			c.uses[key] = &Use{Purpose: a.Purpose, Channel: a.Channel}
		}
		count(c.uses[key])
	}
}

// Persons is the number of persons counted so far.
func (c *Counter) Persons() int { return c.out.Persons }

// Result returns the difference, in a fixed order.
func (c *Counter) Result() Result {
	out := c.out
	out.Months, out.Uses = []Month{}, []Use{}
	if !c.first.IsZero() {
		out.FirstDay = calendar.In(c.first, c.now.Place.Zone).String()
	}
	for _, month := range slices.Sorted(maps.Keys(c.months)) {
		switch m := c.months[month]; {
		case len(out.Months) < maxMonths:
			out.Months = append(out.Months, *m)
		case out.Later == nil:
			out.Later = &Month{Month: month, Earlier: m.Earlier.clone(), Kept: m.Kept.clone()}
		default:
			out.Later.Earlier.add(m.Earlier)
			out.Later.Kept.add(m.Kept)
		}
	}
	for _, u := range c.uses {
		if u.Now != u.Next {
			out.Uses = append(out.Uses, *u)
		}
	}
	slices.SortFunc(out.Uses, func(a, b Use) int {
		return slices.Compare([]string{a.Purpose, a.Channel}, []string{b.Purpose, b.Channel})
	})
	return out
}

func (e Effect) clone() Effect { return Effect{e.Persons, maps.Clone(e.Items)} }

func (e *Effect) add(more Effect) {
	e.Persons += more.Persons
	for category, n := range more.Items {
		e.Items[category] += n
	}
}
