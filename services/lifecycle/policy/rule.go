package policy

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// open is the period without an end, which ends by a fact of ended_by only.
const open = "open"

var (
	article = regexp.MustCompile(`^(6\(1\)\([a-f]\)|17\(3\)\([a-e]\)|18\(1\)\([a-d]\))$`)
	exempt  = regexp.MustCompile(`^17\(3\)\([a-e]\)$`)
)

func (r *rule) consent() bool { return len(r.RaisedBy) == 1 && r.RaisedBy[0] == "consent" }

// at is where a value of the rule is written.
func (r *rule) at(keys ...any) path { return r.place.at("rules", keys...) }

func (c *compiler) rule(r rule) rules.Rule {
	out := rules.Rule{
		ID: r.ID, Purpose: r.Purpose, Article: r.Article, Cites: r.Cites, Exempt: r.Exempt, Line: r.place.line,
		Consent: r.consent(), Channels: r.Channels, Where: r.Where, Unless: r.Unless, Per: rules.Per(r.Per),
		Keeps: r.Keeps, Receives: r.Receives, Prolongs: r.Prolongs, Suspended: r.Suspended,
	}
	c.named(&r)
	c.conditions(r.at("only_if"), "rule "+r.ID, r.OnlyIf)
	c.keeps(&r)
	c.traits(&r)
	if out.Consent {
		c.consentRule(&r)
		if len(r.Expires) > 0 {
			out.Until = c.expiry(&r)
			for _, event := range out.Until.Events() {
				if !expires(event) {
					c.fault(
						r.at("expires"),
						"rule %s: a consent does not expire by %q; count from bounce, inactivity or signup",
						r.ID,
						event,
					)
				}
			}
		}
		return out
	}
	out.Raised = c.kinds(r.at("raised_by"), r.ID, r.RaisedBy)
	out.Ended = c.kinds(r.at("ended_by"), r.ID, r.EndedBy)
	out.Access = c.accesses(&r)
	out.Without = c.kinds(r.at("without"), r.ID, r.Without)
	out.From = c.from(&r)
	out.Until = c.until(&r)
	if len(r.RaisedBy) == 0 {
		c.fault(r.at(), "rule %s: raised_by is missing: name the facts that raise the basis", r.ID)
	}
	c.interest(&r)
	if r.Suspended && len(r.Until) > 1 {
		c.fault(r.at("suspended_by_hold"), "rule %s: suspended_by_hold needs a single period under until", r.ID)
	}
	if len(r.Channels) > 0 || len(r.Expires) > 0 {
		c.fault(r.at(), "rule %s: channels and expires are for rules with raised_by: consent", r.ID)
	}
	switch out.Per {
	case rules.PerRecord, rules.PerContract, rules.PerPerson:
	default:
		c.fault(r.at("per"), "rule %s: per must be record, contract or person", r.ID)
	}
	return out
}

// expires reports whether a consent may expire by an event.
func expires(event string) bool {
	switch event {
	case string(fact.KindBounce), string(fact.KindInactivity), string(fact.KindSignup), rules.AnchorAct:
		return true
	}
	return false
}

// expiry reads when a consent expires; of several periods, the first.
func (c *compiler) expiry(r *rule) rules.Period {
	if len(r.Expires) == 1 {
		return c.period(r.at("expires"), "rule "+r.ID, r.Expires[0])
	}
	periods := make([]rules.Period, len(r.Expires))
	for i, text := range r.Expires {
		periods[i] = c.period(r.at("expires", i), "rule "+r.ID, text)
	}
	return rules.FirstOf(periods...)
}

// named checks the id of the rule.
func (c *compiler) named(r *rule) {
	if r.ID == "" || r.Purpose == "" {
		c.fault(r.at(), "a rule needs id and purpose")
	}
	for i := range c.doc.Rules {
		other := &c.doc.Rules[i]
		if other.ID == r.ID && !other.place.inherited && !r.place.inherited && other.place.index < r.place.index {
			c.fault(r.at("id"), "rule %q is defined twice", r.ID)
		}
	}
	if !article.MatchString(r.Article) {
		c.fault(
			r.at("article"),
			"rule %s: %q is not a basis of the GDPR; write 6(1)(a) to 6(1)(f), or 17(3)(…) for a hold",
			r.ID,
			r.Article,
		)
	}
	if article.MatchString(r.Article) && !strings.HasPrefix(r.Article, "6") && !r.Prolongs {
		c.fault(
			r.at("article"),
			"rule %s: %s is an exception and no basis; write an article of 6(1), or only_prolongs: true for a hold",
			r.ID,
			r.Article,
		)
	}
	if r.Exempt != "" && !exempt.MatchString(r.Exempt) {
		c.fault(r.at("exempt"), "rule %s: %q is not an exception from erasure; write 17(3)(a) to 17(3)(e)", r.ID, r.Exempt)
	}
	for i, id := range r.Receives {
		if _, ok := c.doc.Recipients[id]; !ok {
			c.fault(r.at("receives", i), "rule %s: unknown recipient %q; define it under recipients", r.ID, id)
		}
	}
}

// consentRule checks a rule based on consent.
func (c *compiler) consentRule(r *rule) {
	if r.Article != "6(1)(a)" {
		c.fault(r.at("article"), "rule %s: a basis raised by consent is 6(1)(a)", r.ID)
	}
	if len(r.Until) > 0 || len(r.EndedBy) > 0 || r.Per != "" || r.From != "" ||
		len(r.Access)+len(r.Where)+len(r.Unless)+len(r.Without) > 0 {
		c.fault(
			r.at(),
			"rule %s: a consent ends by withdrawal; leave out until, ended_by, per, access, where, unless, without and from",
			r.ID,
		)
	}
	for _, k := range r.Keeps {
		if c.doc.Categories[k].Per == string(rules.PerRecord) {
			c.fault(
				r.at("keeps"),
				"rule %s: a consent concerns the person and cannot keep %s, which is kept per record",
				r.ID,
				k,
			)
		}
	}
	for i := range c.doc.Rules {
		other := &c.doc.Rules[i]
		if other.consent() && other.ID < r.ID && other.Purpose == r.Purpose && overlap(other.Channels, r.Channels) {
			c.fault(r.at(), "rules %s and %s both concern consent to %s by the same channel", other.ID, r.ID, r.Purpose)
		}
	}
}

// overlap reports whether two lists share an element; an empty list contains everything.
func overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (c *compiler) keeps(r *rule) {
	if len(r.Keeps) == 0 {
		c.fault(r.at(), "rule %s keeps nothing; list categories under keeps", r.ID)
	}
	for j, k := range r.Keeps {
		cat, ok := c.doc.Categories[k]
		if !ok {
			c.fault(r.at("keeps", j), "rule %s: unknown category %q; define it under categories", r.ID, k)
		}
		if ok && cat.Per == string(rules.PerRecord) && r.Per == string(rules.PerPerson) && !r.Prolongs {
			c.fault(r.at("keeps", j), "rule %s concerns the person and cannot keep %s, which is kept per record", r.ID, k)
		}
	}
}

func (c *compiler) traits(r *rule) {
	for key, names := range map[string][]string{"where": r.Where, "unless": r.Unless} {
		for j, n := range names {
			if !slices.Contains(fact.Traits(), n) {
				c.fault(
					r.at(key, j),
					"rule %s: %q is not a trait of facts; known are %s",
					r.ID,
					n,
					strings.Join(fact.Traits(), ", "),
				)
			}
		}
	}
}

func (c *compiler) kinds(at path, id string, names []string) []fact.Kind {
	var out []fact.Kind
	for j, n := range names {
		k := fact.Kind(n)
		if k.IsObservation() {
			c.fault(append(slices.Clip(at), j), "rule %s: %q is no act: an observation raises and ends no basis", id, n)
		}
		if k != fact.KindRequested && !slices.Contains(fact.Kinds(), k) {
			c.fault(
				append(slices.Clip(at), j),
				"rule %s: %q is not a kind of fact; known are %s",
				id,
				n,
				join(fact.Kinds()),
			)
		}
		out = append(out, k)
	}
	return out
}

func (c *compiler) accesses(r *rule) []fact.Access {
	var out []fact.Access
	for j, n := range r.Access {
		a := fact.Access(n)
		if !slices.Contains(fact.Accesses(), a) {
			c.fault(r.at("access", j), "rule %s: %q is not a kind of access; known are %s", r.ID, n, join(fact.Accesses()))
		}
		out = append(out, a)
	}
	return out
}

// interest refuses direct marketing on a legitimate interest, unless the policy chose it (Prawo komunikacji
// elektronicznej art. 398): an objection must end it at once (Art. 21(3)).
func (c *compiler) interest(r *rule) {
	consented := func(other rule) bool { return other.consent() && other.Purpose == r.Purpose }
	marketing := c.doc.Purposes[r.Purpose].Offers || slices.ContainsFunc(c.doc.Rules, consented)
	switch {
	case r.Article != "6(1)(f)" || !marketing || !c.chosen(r.OnlyIf):
	case c.doc.Choices["soft_opt_in"] != "on":
		c.fault(
			r.at("article"),
			"rule %s: %s is direct marketing and needs consent: write 6(1)(a), or choose soft_opt_in: on where another law permits it",
			r.ID,
			r.Purpose,
		)
	case !slices.Contains(r.EndedBy, string(fact.KindObjection)) ||
		!slices.Contains(r.EndedBy, string(fact.KindUnsubscribe)):
		c.fault(r.at(), "rule %s: an objection and an unsubscription end direct marketing; add both to ended_by", r.ID)
	}
}

// from reads the first day of the facts that raise a rule.
func (c *compiler) from(r *rule) time.Time {
	if r.From == "" {
		return time.Time{}
	}
	day, err := calendar.Parse(r.From)
	if err != nil {
		c.fault(r.at("from"), "rule %s: from %v", r.ID, err)
		return time.Time{}
	}
	return day.Start(c.zone())
}

// until reads a rule's period. A rule must be able to end.
func (c *compiler) until(r *rule) rules.Period {
	switch {
	case len(r.Until) == 0:
		c.fault(r.at(), "rule %s never ends; add a period, for example \"until: 14 days after sale\"", r.ID)
		return rules.Period{}
	case slices.Contains(r.Until, open) && len(r.Until) > 1:
		c.fault(r.at("until"), "rule %s: \"open\" cannot be combined with other periods; remove one of them", r.ID)
		return rules.Period{}
	case r.Until[0] == open && len(r.EndedBy) == 0:
		c.fault(r.at("until"), "rule %s never ends: \"until: open\" needs ended_by", r.ID)
		return rules.Period{}
	case r.Until[0] == open:
		return rules.Open()
	case len(r.Until) == 1:
		return c.period(r.at("until"), "rule "+r.ID, r.Until[0])
	}
	periods := make([]rules.Period, len(r.Until))
	for i, text := range r.Until {
		periods[i] = c.period(r.at("until", i), "rule "+r.ID, text)
	}
	return rules.FirstOf(periods...)
}
