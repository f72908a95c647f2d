package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// compiler compiles a document into a policy and collects the faults.
type compiler struct {
	file   string
	doc    document
	at     *strictyaml.Document
	faults []strictyaml.Fault
	terms  map[string]rules.Period
}

// path leads to a value in the document: keys and indexes.
type path = []any

func (c *compiler) fault(at path, format string, args ...any) {
	c.faults = append(c.faults, c.at.Faultf(at, format, args...))
}

func (c *compiler) compile(controller string) *rules.Policy {
	p := &rules.Policy{
		ID:           c.doc.Policy,
		File:         c.file,
		Controller:   controller,
		Place:        c.place(),
		IntakeDays:   c.doc.IntakeDays,
		JournalYears: c.doc.JournalYears,
		Choices:      maps.Clone(c.doc.Choices),
		Categories:   c.categories(),
		Purposes:     c.purposes(),
		Recipients:   c.recipients(),
		Unknown:      rules.Coverage{Purposes: c.doc.Unknown.Covers, Channels: c.doc.Unknown.Channels},
	}
	if p.ID == "" {
		c.fault(path{"policy"}, "a policy needs a name: write \"policy: my-shop\"")
	}
	if p.IntakeDays < 1 || p.IntakeDays > 366 {
		c.fault(path{"intake_days"}, "intake_days must be from 1 to 366")
	}
	if p.JournalYears < 1 || p.JournalYears > 30 {
		c.fault(path{"journal_years"}, "journal_years must be from 1 to 30")
	}
	c.checkChoices()
	c.compileTerms()
	c.requests(p)
	for _, r := range c.doc.Rules {
		if rule := c.rule(r); c.chosen(r.OnlyIf) {
			p.Rules = append(p.Rules, rule)
		}
	}
	if len(p.Rules) == 0 {
		c.fault(path{"rules"}, "a policy without rules would hold nothing and delete everything; add rules")
	}
	c.wordings(p, controller)
	c.covered(path{"unknown_wording"}, "an unknown wording", c.doc.Unknown.Covers, c.doc.Unknown.Channels)
	for i, a := range c.doc.Ask {
		p.Asks = append(p.Asks, c.ask(i, a))
	}
	return p
}

func (c *compiler) place() rules.Place {
	zone, err := time.LoadLocation(c.doc.Zone)
	if err != nil || c.doc.Zone == "" {
		c.fault(path{"zone"}, "%q is not a time zone; write one like Europe/Warsaw", c.doc.Zone)
		zone = time.UTC
	}
	switch c.doc.Holidays {
	case "PL":
		return rules.Place{Zone: zone, Holidays: calendar.Poland}
	case "none":
		return rules.Place{Zone: zone, Holidays: func(calendar.Date) bool { return false }}
	}
	c.fault(path{"holidays"}, "%q is not a known calendar of holidays; write PL or none", c.doc.Holidays)
	return rules.Place{Zone: zone}
}

// checkChoices reports unknown choices and options.
func (c *compiler) checkChoices() {
	for _, name := range sortedKeys(c.doc.Choices) {
		options := c.doc.Options[name]
		switch {
		case len(options) == 0:
			c.fault(
				path{"choices", name},
				"there is no choice %q; known are %s",
				name,
				strings.Join(sortedKeys(c.doc.Options), ", "),
			)
		case !slices.Contains(options, c.doc.Choices[name]):
			c.fault(
				path{"choices", name},
				"%s cannot be %q; choose one of %s",
				name,
				c.doc.Choices[name],
				strings.Join(options, ", "),
			)
		}
	}
	for _, name := range sortedKeys(c.doc.Options) {
		if c.doc.Choices[name] == "" {
			c.fault(
				path{"options", name},
				"no option is chosen for %s; add one of %s under choices",
				name,
				strings.Join(c.doc.Options[name], ", "),
			)
		}
	}
}

// chosen reports whether one of the conditions "choice=option" is met; no conditions are always
// met.
func (c *compiler) chosen(conditions []string) bool {
	return len(conditions) == 0 || slices.ContainsFunc(conditions, func(cond string) bool {
		name, is, _ := strings.Cut(cond, "=")
		return c.doc.Choices[name] == is
	})
}

func (c *compiler) conditions(at path, what string, conditions []string) {
	for _, cond := range conditions {
		if name, is, ok := strings.Cut(cond, "="); !ok || !slices.Contains(c.doc.Options[name], is) {
			c.fault(at, "%s: %q is no choice; write one like tax=sale_year, of those under options", what, cond)
		}
	}
}

// compileTerms compiles the named dates. A date may be based on another one, without cycles.
func (c *compiler) compileTerms() {
	c.terms = map[string]rules.Period{}
	for _, name := range sortedKeys(c.doc.Terms) {
		c.term(name, nil)
	}
}

// term compiles a named date after the dates of its definition; trail is the path of definitions so
// far.
func (c *compiler) term(name string, trail []string) (rules.Period, bool) {
	if p, ok := c.terms[name]; ok {
		return p, true
	}
	text, ok := c.doc.Terms[name]
	if !ok {
		return rules.Period{}, false
	}
	if n := slices.Index(trail, name); n >= 0 {
		c.fault(
			path{"terms", name},
			"terms refer to each other in a cycle: %s",
			strings.Join(append(slices.Clone(trail[n:]), name), " is counted from "),
		)
		c.terms[name] = rules.Open()
		return c.terms[name], true
	}
	trail = append(slices.Clone(trail), name)
	p, err := rules.ParsePeriod(text, func(other string) (rules.Period, bool) { return c.term(other, trail) })
	if err != nil {
		c.fault(path{"terms", name}, "term %s: %v", name, err)
		p = rules.Open()
	}
	if _, circular := c.terms[name]; !circular {
		c.terms[name] = p
	}
	return p, true
}

// period parses a period and reports its fault at the place in the file.
func (c *compiler) period(at path, what, text string) rules.Period {
	p, err := rules.ParsePeriod(text, func(name string) (rules.Period, bool) {
		term, ok := c.terms[name]
		return term, ok
	})
	if err != nil {
		c.fault(at, "%s: %v", what, err)
	}
	return p
}

func (c *compiler) requests(p *rules.Policy) {
	p.Answer = c.period(path{"requests", "answer"}, "requests", c.doc.Requests.Answer)
	p.Extended = c.period(path{"requests", "extended"}, "requests", c.doc.Requests.Extended)
	p.Tombstone = c.period(path{"tombstone"}, "tombstone", c.doc.Tombstone)
	switch c.doc.Requests.Clock {
	case "received":
	case "verified":
		p.FromVerified = true
	default:
		c.fault(path{"requests", "clock"}, "clock must be received or verified: the start of the month for an answer")
	}
}

func (c *compiler) categories() map[string]rules.Category {
	out := map[string]rules.Category{}
	for id, cat := range c.doc.Categories {
		if cat.Per != string(rules.PerPerson) && cat.Per != string(rules.PerRecord) {
			c.fault(path{"categories", id}, "category %s: per must be person or record", id)
		}
		if cat.Stated != "" && cat.Stated != rules.StatedPhone {
			c.fault(path{"categories", id, "stated"}, "category %s: sources state phone, and not %q", id, cat.Stated)
		}
		out[id] = rules.Category{
			Stated: cat.Stated, ReceivedBy: c.receivedBy(id, cat.ReceivedBy),
			Name: cat.Name, PerRecord: cat.Per == string(rules.PerRecord), Pseudonymous: cat.Pseudonymous,
			Correspondence: cat.Correspondence, Given: cat.Given, Term: cat.Term,
		}
	}
	return out
}

// receivedBy reads the facts that show that data of a category are held.
func (c *compiler) receivedBy(id string, names []string) []fact.Kind {
	out := make([]fact.Kind, 0, len(names))
	for i, name := range names {
		if !slices.Contains(fact.Kinds(), fact.Kind(name)) && fact.Kind(name) != fact.KindRequested {
			c.fault(path{"categories", id, "received_by", i}, "category %s: unknown fact %q", id, name)
		}
		out = append(out, fact.Kind(name))
	}
	return out
}

func (c *compiler) purposes() map[string]rules.Purpose {
	out := map[string]rules.Purpose{}
	for id, p := range c.doc.Purposes {
		out[id] = rules.Purpose{Name: p.Name, Term: p.Term, Offers: p.Offers, Persons: p.Persons}
	}
	return out
}

func (c *compiler) recipients() map[string]rules.Recipient {
	out := map[string]rules.Recipient{}
	for id, r := range c.doc.Recipients {
		for i, holds := range r.Holds {
			if _, ok := c.doc.Categories[holds]; !ok {
				c.fault(
					path{"recipients", id, "holds", i},
					"recipient %s: unknown category %q; define it under categories",
					id,
					holds,
				)
			}
		}
		out[id] = rules.Recipient{Name: r.Name, Holds: r.Holds, ThirdCountry: r.ThirdCountry, Safeguard: r.Safeguard}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func join[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}

// at returns the path of a part of a rule or wording. Inherited parts are reported at the line of
// extends.
func (p place) at(list string, keys ...any) path {
	if p.inherited {
		return path{"extends"}
	}
	return append(path{list, p.index}, keys...)
}
