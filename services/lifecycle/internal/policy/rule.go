package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// open is the period that has no end until a fact of ended_by comes.
const open = "open"

// allowedPlaces says where a question is no message of its own. Asking by mail,
// SMS or phone may itself be marketing.
func allowedPlaces() []string { return []string{"checkout", "thank_you_page", "account"} }

var article = regexp.MustCompile(`^(6\(1\)\([a-f]\)|17\(3\)\([a-e]\)|18\(1\)\([a-d]\))$`)

func (r rule) consent() bool { return len(r.RaisedBy) == 1 && r.RaisedBy[0] == "consent" }

func (c *compiler) rule(i int, r rule) lifecycle.Rule {
	here := func(key string) path { return path{"rules", i, key} }
	out := lifecycle.Rule{
		ID: r.ID, Purpose: r.Purpose, Article: r.Article, Cites: r.Cites,
		Consent: r.consent(), Per: lifecycle.Per(r.Per), Keeps: r.Keeps, Prolongs: r.Prolongs,
	}
	if r.ID == "" || r.Purpose == "" {
		c.fault(path{"rules", i}, "a rule needs id and purpose")
	}
	for j := range c.doc.Rules[:i] {
		if c.doc.Rules[j].ID == r.ID {
			c.fault(here("id"), "rule %q is defined twice", r.ID)
		}
	}
	if !article.MatchString(r.Article) {
		c.fault(here("article"), "rule %s: %q is not a basis of the GDPR; write 6(1)(a) to 6(1)(f), or 17(3)(…) for a hold", r.ID, r.Article)
	}
	c.keeps(i, r)
	if out.Consent {
		c.consentRule(i, r)
		return out
	}
	out.Raised = c.kinds(here("raised_by"), r.ID, r.RaisedBy)
	out.Ended = c.kinds(here("ended_by"), r.ID, r.EndedBy)
	out.Access = c.accesses(here("access"), r)
	out.Until = c.until(i, r)
	if len(r.RaisedBy) == 0 {
		c.fault(path{"rules", i}, "rule %s: say what raises it: raised_by", r.ID)
	}
	switch out.Per {
	case lifecycle.PerRecord, lifecycle.PerContract, lifecycle.PerPerson:
	default:
		c.fault(here("per"), "rule %s: per must be record, contract or person", r.ID)
	}
	return out
}

// consentRule checks a rule that lives and ends with consent.
func (c *compiler) consentRule(i int, r rule) {
	if r.Article != "6(1)(a)" {
		c.fault(path{"rules", i, "article"}, "rule %s: a basis raised by consent is 6(1)(a)", r.ID)
	}
	if r.Until != "" || len(r.EndedBy) > 0 || r.Per != "" || len(r.Access) > 0 {
		c.fault(path{"rules", i}, "rule %s: a consent ends when it is taken back; leave out until, ended_by, per and access", r.ID)
	}
	for _, k := range r.Keeps {
		if c.doc.Categories[k].Per == string(lifecycle.PerRecord) {
			c.fault(path{"rules", i, "keeps"}, "rule %s: a consent is the person's and cannot keep %s, which is kept per record", r.ID, k)
		}
	}
}

func (c *compiler) keeps(i int, r rule) {
	if len(r.Keeps) == 0 {
		c.fault(path{"rules", i}, "rule %s keeps nothing; list categories under keeps", r.ID)
	}
	for j, k := range r.Keeps {
		cat, ok := c.doc.Categories[k]
		if !ok {
			c.fault(path{"rules", i, "keeps", j}, "rule %s: unknown category %q; define it under categories", r.ID, k)
		}
		if ok && cat.Per == string(lifecycle.PerRecord) && r.Per == string(lifecycle.PerPerson) {
			c.fault(path{"rules", i, "keeps", j}, "rule %s stands for the person and cannot keep %s, which is kept per record", r.ID, k)
		}
	}
}

func (c *compiler) kinds(at path, id string, names []string) []lifecycle.Kind {
	var out []lifecycle.Kind
	for j, n := range names {
		k := lifecycle.Kind(n)
		if !slices.Contains(lifecycle.Kinds(), k) {
			c.fault(append(at[:len(at):len(at)], j), "rule %s: %q is not a kind of fact; known are %s", id, n, join(lifecycle.Kinds()))
		}
		out = append(out, k)
	}
	return out
}

func (c *compiler) accesses(at path, r rule) []lifecycle.Access {
	var out []lifecycle.Access
	for j, n := range r.Access {
		a := lifecycle.Access(n)
		if !slices.Contains(lifecycle.Accesses(), a) {
			c.fault(append(at[:len(at):len(at)], j), "rule %s: %q is not a kind of access; known are %s", r.ID, n, join(lifecycle.Accesses()))
		}
		out = append(out, a)
	}
	return out
}

// until reads a rule's period. A rule must be able to end.
func (c *compiler) until(i int, r rule) lifecycle.Period {
	at := path{"rules", i, "until"}
	switch {
	case r.Until == "":
		c.fault(path{"rules", i}, "rule %s never ends; say until when, for example \"until: 14 days after sale\"", r.ID)
		return lifecycle.Period{}
	case r.Until == open && len(r.EndedBy) == 0:
		c.fault(at, "rule %s never ends: \"until: open\" needs ended_by", r.ID)
		return lifecycle.Period{}
	case r.Until == open:
		return lifecycle.Open()
	}
	p, err := lifecycle.ParsePeriod(r.Until)
	if err != nil {
		c.fault(at, "rule %s: %v", r.ID, err)
	}
	return p
}

func (c *compiler) ask(i int, a ask) lifecycle.Ask {
	at := path{"ask", i}
	c.knownPurposes(path{"ask", i}, []string{a.Purpose})
	if !slices.ContainsFunc(c.doc.Rules, func(r rule) bool { return r.Purpose == a.When }) {
		c.fault(append(at, "when"), "no rule has the purpose %q", a.When)
	}
	n := slices.IndexFunc(c.doc.Wordings, func(w wording) bool { return w.ID == a.Wording })
	switch {
	case n < 0:
		c.fault(append(at, "wording"), "wording %q is not defined", a.Wording)
	case !slices.Contains(c.doc.Wordings[n].Covers, a.Purpose) || !slices.Contains(c.doc.Wordings[n].Channels, a.Channel):
		c.fault(append(at, "wording"), "wording %q does not cover %s by %s", a.Wording, a.Purpose, a.Channel)
	}
	if len(a.Places) == 0 {
		c.fault(at, "say where the question may stand: places, of %s", strings.Join(allowedPlaces(), ", "))
	}
	for j, place := range a.Places {
		if !slices.Contains(allowedPlaces(), place) {
			c.fault(append(at, "places", j), "a question may not stand in %q: asking there may itself be marketing; allowed are %s", place, strings.Join(allowedPlaces(), ", "))
		}
	}
	if a.StandsDays < 1 || a.StandsDays > 366 {
		c.fault(at, "stands_days must be from 1 to 366")
	}
	return lifecycle.Ask{Purpose: a.Purpose, Channel: a.Channel, Wording: a.Wording, When: a.When, Places: a.Places, Stands: a.StandsDays}
}

func join[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}
