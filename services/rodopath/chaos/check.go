package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Record holds the observations of a run, sufficient to detect lost webhooks and undue decisions.
type Record struct {
	Seed    uint64    `json:"seed"`
	Persons []*Person `json:"persons"`
	// Known are the persons in lifecycle before the steps of the clock, by number.
	Known map[int]Known `json:"known"`
	// Decisions are all published decisions, by id.
	Decisions map[string]*Decided `json:"decisions"`
}

// Known is the state of a person in lifecycle.
type Known struct {
	Subject string `json:"subject"`
	Facts   int    `json:"facts"`
}

// Decided is a decision that was published.
type Decided struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Person    int       `json:"person"`
	Subject   string    `json:"subject"`
	At        time.Time `json:"at"`
	Effective time.Time `json:"effective"`
	// Items are the categories of a deletion, and Refs their records.
	Items []string `json:"items,omitempty"`
	Refs  []string `json:"refs,omitempty"`
	// Said is the answer of the recipient, Noted the answer recorded by lifecycle.
	Said  string `json:"said,omitempty"`
	Noted string `json:"noted,omitempty"`
	// Told reports whether the recipient received the decision.
	Told bool `json:"told"`
	// Withdrawn reports whether the decision needs no delivery any more, Late whether the recipient received
	// the decision after its retraction.
	Withdrawn bool `json:"withdrawn,omitempty"`
	Late      bool `json:"late,omitempty"`
}

// The faults that a check finds.
const (
	faultWebhook     = "a webhook that was answered 2xx is in no subject"
	faultRefused     = "a webhook was never taken"
	faultMissing     = "a decision that is due was not published"
	faultDoubled     = "the same was decided twice, under two ids"
	faultUndue       = "a decision was published that is not due"
	faultEarly       = "a decision came before it was due"
	faultHold        = "something was deleted while a hold stands"
	faultUntold      = "the recipient was not told"
	faultUnconfirmed = "lifecycle does not know what the recipient confirmed"
	faultRetracted   = "a decision was delivered after its retraction"
	faultStranger    = "a decision is about nobody whose story was told"
)

// callTime is the longest time between the check of a decision and the arrival of its delivery, by a clock that
// may step meanwhile in both directions.
const callTime = 10*time.Second + longestStep + 2*longestSetback

// Violation is a promise that was broken.
type Violation struct {
	What string `json:"what"`
	// Person, Story and Round identify the person; 0 and empty for a violation without one person.
	Person int    `json:"person,omitempty"`
	Story  string `json:"story,omitempty"`
	Round  int    `json:"round,omitempty"`
	Seed   uint64 `json:"seed"`
	// Detail is the observation.
	Detail string `json:"detail,omitempty"`
}

// String formats the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("seed %d round %d person %d (%s): %s: %s", v.Seed, v.Round, v.Person, v.Story, v.What, v.Detail)
}

// Check finds lost webhooks and undue decisions, after all queues are empty and every basis has
// lapsed.
func Check(r *Record) []Violation {
	decided := map[int][]*Decided{}
	var out []Violation
	known := map[int]bool{}
	for _, p := range r.Persons {
		known[p.Number] = true
	}
	for _, d := range r.Decisions {
		if !known[d.Person] {
			out = append(out, Violation{What: faultStranger, Seed: r.Seed, Detail: d.ID})
			continue
		}
		decided[d.Person] = append(decided[d.Person], d)
	}
	for _, p := range r.Persons {
		c := &checking{record: r, person: p, decided: decided[p.Number]}
		slices.SortFunc(c.decided, func(x, y *Decided) int { return cmp.Compare(x.ID, y.ID) })
		c.webhooks()
		c.deletions()
		c.asks()
		c.answers()
		out = append(out, c.found...)
	}
	slices.SortStableFunc(out, func(x, y Violation) int { return cmp.Compare(x.Person, y.Person) })
	return out
}

// checking checks one person.
type checking struct {
	record  *Record
	person  *Person
	decided []*Decided
	found   []Violation
}

func (c *checking) complain(what, format string, args ...any) {
	p := c.person
	c.found = append(
		c.found,
		Violation{
			What:   what,
			Person: p.Number,
			Story:  p.Story,
			Round:  p.Round,
			Seed:   c.record.Seed,
			Detail: fmt.Sprintf(format, args...),
		},
	)
}

// sure reports whether every webhook of the story was accepted, so that the person must be known. A
// webhook sent once without a 2xx answer may be applied all the same.
func (p *Person) sure() bool {
	return !slices.ContainsFunc(p.Webhooks, func(w Webhook) bool { return !w.Taken })
}

// webhooks checks that every accepted webhook is in a subject.
func (c *checking) webhooks() {
	for i := range c.person.Webhooks {
		if w := &c.person.Webhooks[i]; !w.Taken && !w.Once {
			c.complain(faultRefused, "%s; last answer: %s", w.Platform, w.LastAnswer)
		}
	}
	k := c.record.Known[c.person.Number]
	want := c.person.Facts + c.answeredFacts()
	if !c.person.sure() && (k.Facts == 0 || k.Facts == want) {
		return
	}
	if k.Facts != want {
		c.complain(faultWebhook, "%d facts are known of %d", k.Facts, want)
	}
}

// answeredFacts counts the facts of the answer to a question.
func (c *checking) answeredFacts() int {
	for _, d := range c.decided {
		if d.Kind == "ask-consent" && (d.Said == "granted" || d.Said == "refused") {
			return 1
		}
	}
	return 0
}

// deletions checks the deletions of each category.
func (c *checking) deletions() {
	came := map[string][]*Decided{}
	byRecord := slices.ContainsFunc(c.person.Dues, func(d Due) bool { return d.Ref != "" })
	for _, d := range c.decided {
		for i, what := range d.Items {
			if byRecord && d.Refs[i] != "" {
				what += " " + d.Refs[i]
			}
			came[what] = append(came[what], d)
		}
	}
	for i := range c.person.Dues {
		due := &c.person.Dues[i]
		what := strings.TrimSpace(due.Category + " " + due.Ref)
		c.deletion(due, came[what])
		delete(came, what)
	}
	for category, list := range came {
		c.complain(faultUndue, "%s: %s", category, ids(list))
	}
}

// deletion checks the decisions about one category, of which one is due.
func (c *checking) deletion(due *Due, came []*Decided) {
	switch {
	case due.Held:
		if len(came) > 0 {
			c.complain(faultHold, "%s: %s", due.Category, ids(came))
		}
		return
	case len(came) == 0:
		if !due.Maybe && c.person.sure() {
			c.complain(faultMissing, "%s", due.Category)
		}
		return
	case len(came) > 1:
		c.complain(faultDoubled, "%s: %s", due.Category, ids(came))
	}
	for _, d := range came {
		switch {
		case d.At.Before(d.Effective), d.Effective.Before(due.From):
			c.complain(
				faultEarly,
				"%s: %s, decided %s, effective %s, due from %s",
				due.Category,
				d.ID,
				stamp(d.At),
				stamp(d.Effective),
				stamp(due.From),
			)
		case d.Effective.After(due.To):
			c.complain(faultUndue, "%s: %s, effective %s, due to %s", due.Category, d.ID, stamp(d.Effective), stamp(due.To))
		}
	}
}

// asks checks how often the person was asked.
func (c *checking) asks() {
	var came []*Decided
	for _, d := range c.decided {
		if d.Kind == "ask-consent" {
			came = append(came, d)
		}
	}
	switch {
	case len(came) > 1:
		c.complain(faultDoubled, "ask-consent: %s", ids(came))
	case len(came) == 1 && c.person.Ask == AskNever:
		c.complain(faultUndue, "ask-consent: %s", ids(came))
	case len(came) == 0 && c.person.Ask == AskOnce && c.person.sure():
		c.complain(faultMissing, "ask-consent")
	}
}

// answers checks that the recipient was notified and that its confirmations are recorded.
func (c *checking) answers() {
	for _, d := range c.decided {
		switch {
		case d.Late:
			c.complain(faultRetracted, "%s %s", d.Kind, d.ID)
		case !d.Told && d.Withdrawn:
		case !d.Told:
			c.complain(faultUntold, "%s %s", d.Kind, d.ID)
		case d.Said != d.Noted:
			c.complain(faultUnconfirmed, "%s %s: it said %q, and %q is known", d.Kind, d.ID, d.Said, d.Noted)
		}
	}
}

func ids(list []*Decided) string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d.ID + " of " + stamp(d.Effective)
	}
	return strings.Join(out, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
