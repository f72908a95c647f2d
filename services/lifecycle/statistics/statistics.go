// Package statistics adds up a civil year over all persons, for the controller and for an auditor: the requests of data
// subjects with the time to answer, and the deletions with their reasons. The sums name nobody.
package statistics

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Requests are the requests for one right that were received in the year.
type Requests struct {
	Right    fact.Kind `json:"right"`
	Received int       `json:"received"`
	// Answered in time and Late count those with an answer, Open those without one, Overdue those of them past their last
	// day.
	InTime  int `json:"in_time"`
	Late    int `json:"late"`
	Open    int `json:"open"`
	Overdue int `json:"overdue"`
	// Extended counts the extensions that were announced in time (Art. 12(3)).
	Extended int `json:"extended"`
	// Mistaken counts the requests that were recorded by mistake, which are in none of the other numbers; absent for none.
	Mistaken int `json:"mistaken,omitempty"`
	// Outcomes are the decisions: granted, partly, refused.
	Outcomes map[string]int `json:"outcomes"`
	// MedianDays and MostDays are civil days from the receipt to the answer; absent without an answer. The median of an
	// even number of answers is the mean of the middle two.
	MedianDays *float64 `json:"median_days,omitempty"`
	MostDays   *int     `json:"most_days,omitempty"`
}

// Reason is why data were deleted: the purpose and the article of the basis that had ended.
type Reason struct {
	Reason    string `json:"reason"`
	Deletions int    `json:"deletions"`
}

// Year is the sum.
type Year struct {
	Year int `json:"year"`
	// Persons is the number of persons today, and Holding those of whom personal data may be held.
	Persons  int        `json:"persons"`
	Holding  int        `json:"holding"`
	Requests []Requests `json:"requests"`
	// Deletions are the deletions that were announced in the year, also of data that no recipient holds; DeletionPersons
	// are the persons whom they are about, and Items their items by category.
	Deletions       int            `json:"deletions"`
	DeletionPersons int            `json:"deletion_persons"`
	Items           map[string]int `json:"items"`
	Reasons         []Reason       `json:"reasons"`
	// Confirmed deletions were confirmed by every recipient; Retracted and Withdrawn ones were taken back after and before
	// their publication; Questions are the questions for a consent.
	Confirmed int `json:"confirmed"`
	Retracted int `json:"retracted"`
	Withdrawn int `json:"withdrawn"`
	Questions int `json:"questions"`
	// Alarms were raised, and Reads are the readings of auditors.
	Alarms int `json:"alarms"`
	Reads  int `json:"reads"`
	// Acts are the acts of the controller, by name.
	Acts map[string]int `json:"acts"`
}

// Counter adds up. The memory of a Counter does not depend on the number of persons.
type Counter struct {
	policy   *rules.Policy
	at       time.Time
	from, to time.Time
	out      Year
	requests map[fact.Kind]*tally
	reasons  map[string]int
	// last is the person of the last deletion: the entries of a journal come one after the other.
	last string
}

// tally is the sum of the requests for a right with the answers by their number of days.
type tally struct {
	Requests

	days map[int]int
}

// NewCounter returns a counter for a civil year in the zone of the policy, as known at an instant.
func NewCounter(p *rules.Policy, year int, at time.Time) *Counter {
	first := func(year int) time.Time {
		return calendar.Date{Year: year, Month: time.January, Day: 1}.Start(p.Place.Zone)
	}
	return &Counter{
		policy: p, at: at, from: first(year), to: first(year + 1), requests: map[fact.Kind]*tally{},
		reasons: map[string]int{}, out: Year{Year: year, Items: map[string]int{}, Acts: map[string]int{}},
	}
}

func (c *Counter) isIn(at time.Time) bool { return !at.Before(c.from) && at.Before(c.to) }

// AddPerson counts the requests of a person.
func (c *Counter) AddPerson(s *lifecycle.Subject) {
	if s.MergedInto != "" {
		return
	}
	c.out.Persons++
	if s.HoldsPersonal {
		c.out.Holding++
	}
	if !slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return c.policy.IsRequest(&f) && c.isIn(f.Occurred) }) {
		return
	}
	all := rights.Requests(c.policy, s.Facts, c.at)
	for i := range all {
		if c.isIn(all[i].Received) {
			c.addRequest(&all[i])
		}
	}
}

func (c *Counter) addRequest(r *rights.Request) {
	t := c.requests[r.Right]
	if t == nil {
		t = &tally{Requests: Requests{Right: r.Right, Outcomes: map[string]int{}}, days: map[int]int{}}
		c.requests[r.Right] = t
	}
	if r.Mistaken != nil {
		t.Mistaken++
		return
	}
	t.Received++
	if r.Extended != nil {
		t.Extended++
	}
	if r.Outcome != "" {
		t.Outcomes[string(r.Outcome)]++
	}
	switch {
	case r.Open() && r.Overdue:
		t.Open++
		t.Overdue++
	case r.Open():
		t.Open++
	case r.Overdue:
		t.Late++
	default:
		t.InTime++
	}
	if r.Answered != nil {
		zone := c.policy.Place.Zone
		t.days[calendar.In(r.Received, zone).DaysTo(calendar.In(*r.Answered, zone))]++
	}
}

// AddEntry counts an entry of a journal. The entries of one person come one after the other.
func (c *Counter) AddEntry(e *chain.Entry) {
	if !c.isIn(e.At) {
		return
	}
	switch e.Kind {
	case chain.KindDelete:
		c.addDeletion(e)
	case chain.KindConfirmed:
		if e.Text == string(notice.StateConfirmed) { // and no question that was answered or lapsed
			c.out.Confirmed++
		}
	case chain.KindRetracted:
		c.out.Retracted++
	case chain.KindWithdrawn:
		c.out.Withdrawn++
	case chain.KindAskConsent:
		c.out.Questions++
	case chain.KindAlarm:
		c.out.Alarms++
	case chain.KindRead:
		c.out.Reads++
	case chain.KindAct:
		c.out.Acts[e.Text]++
	}
}

func (c *Counter) addDeletion(e *chain.Entry) {
	c.out.Deletions++
	if e.Subject != c.last {
		c.out.DeletionPersons++
		c.last = e.Subject
	}
	for _, item := range e.Items {
		c.out.Items[item.Category]++
	}
	for _, reason := range e.Rules {
		c.reasons[reason]++
	}
}

// Year returns the sum, in a fixed order.
func (c *Counter) Year() Year {
	out := c.out
	out.Requests, out.Reasons = []Requests{}, []Reason{}
	for _, right := range slices.Sorted(maps.Keys(c.requests)) {
		out.Requests = append(out.Requests, c.requests[right].sum())
	}
	for _, reason := range slices.Sorted(maps.Keys(c.reasons)) {
		out.Reasons = append(out.Reasons, Reason{reason, c.reasons[reason]})
	}
	slices.SortStableFunc(out.Reasons, func(a, b Reason) int {
		if a.Deletions != b.Deletions {
			return b.Deletions - a.Deletions
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	return out
}

// sum adds the median and the most days.
func (t *tally) sum() Requests {
	out, answered := t.Requests, 0
	for _, n := range t.days {
		answered += n
	}
	if answered == 0 {
		return out
	}
	days := slices.Sorted(maps.Keys(t.days))
	median := float64(t.place(days, (answered-1)/2)+t.place(days, answered/2)) / 2
	out.MedianDays, out.MostDays = &median, &days[len(days)-1]
	return out
}

// place returns the days of the nth answer, from 0, of the answers sorted by their days.
func (t *tally) place(days []int, n int) int {
	for _, d := range days {
		if n -= t.days[d]; n < 0 {
			return d
		}
	}
	return days[len(days)-1]
}
