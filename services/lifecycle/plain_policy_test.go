package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// plainPolicy is a policy as the generator made it. The core gets it as YAML and
// through the loader; the plain evaluator reads this.
type plainPolicy struct {
	holidays bool
	perRec   []string // categories kept per record
	person   []string // categories of the person
	terms    []*plainPeriod
	wordings []plainWording
	unknown  plainCoverage
	rules    []*plainRule
}

type plainCoverage struct{ purposes, channels []string }

type plainWording struct {
	id       string
	from, to string // days, or empty
	plainCoverage
}

type plainRule struct {
	id, purpose   string
	consent       bool
	channels      []string
	raised, ended []fact.Kind
	access        []fact.Access
	where, unless []string
	without       []fact.Kind
	from          string // a day, or empty
	per           rules.Per
	until         []*plainPeriod // empty is "open"; of a consent, what expires it
	keeps         []string
	prolongs      bool
	hold          bool // which prolongs nothing that a consent alone keeps
	suspended     bool
}

// marketing reports whether a purpose rests on consent.
func (p *plainPolicy) marketing(purpose string) bool {
	return slices.ContainsFunc(p.rules, func(r *plainRule) bool { return r.consent && r.purpose == purpose })
}

func (p *plainPolicy) perRecord(category string) bool { return slices.Contains(p.perRec, category) }

// yaml writes the policy in the language of docs/policy.md.
func (p *plainPolicy) yaml() string {
	var b strings.Builder
	holidays := "none"
	if p.holidays {
		holidays = "PL"
	}
	fmt.Fprintf(&b, "policy: random\nzone: Europe/Warsaw\nholidays: %s\nintake_days: 30\n", holidays)
	if len(p.terms) > 0 {
		fmt.Fprintln(&b, "terms:")
		for _, t := range p.terms {
			fmt.Fprintf(&b, "  %s: %q\n", t.name, t.of)
		}
	}
	fmt.Fprintln(&b, "categories:")
	for _, c := range p.perRec {
		fmt.Fprintf(&b, "  %s: {name: %s, per: record}\n", c, c)
	}
	for _, c := range p.person {
		fmt.Fprintf(&b, "  %s: {name: %s, per: person}\n", c, c)
	}
	if len(p.wordings) > 0 {
		fmt.Fprintln(&b, "wordings:")
	}
	for _, w := range p.wordings {
		fmt.Fprintf(
			&b,
			"  - {id: %s, language: en, covers: %s, channels: %s, text: \"as agreed\"",
			w.id,
			plainList(w.purposes),
			plainList(w.channels),
		)
		if w.from != "" {
			fmt.Fprintf(&b, ", from: %q", w.from)
		}
		if w.to != "" {
			fmt.Fprintf(&b, ", to: %q", w.to)
		}
		fmt.Fprintln(&b, "}")
	}
	if len(p.unknown.purposes) > 0 {
		fmt.Fprintf(
			&b,
			"unknown_wording: {covers: %s, channels: %s}\n",
			plainList(p.unknown.purposes),
			plainList(p.unknown.channels),
		)
	}
	fmt.Fprintln(&b, "rules:")
	for _, r := range p.rules {
		r.yaml(&b)
	}
	return b.String()
}

func (r *plainRule) yaml(b *strings.Builder) {
	fmt.Fprintf(b, "  - id: %s\n    purpose: %s\n    cites: random\n", r.id, r.purpose)
	until := make([]string, len(r.until))
	for i, p := range r.until {
		until[i] = fmt.Sprintf("%q", p)
	}
	key := func(name string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(b, "    %s: %s\n", name, plainList(list))
		}
	}
	key("keeps", r.keeps)
	if r.consent {
		fmt.Fprintf(b, "    article: 6(1)(a)\n    raised_by: consent\n")
		key("channels", r.channels)
		if len(until) > 0 {
			fmt.Fprintf(b, "    expires: %s\n", until[0])
		}
		return
	}
	article := "6(1)(c)"
	if r.hold {
		article = "17(3)(e)"
	}
	fmt.Fprintf(b, "    article: %s\n    per: %s\n", article, r.per)
	if r.from != "" {
		fmt.Fprintf(b, "    from: %q\n", r.from)
	}
	key("without", plainWords(r.without))
	key("raised_by", plainWords(r.raised))
	key("ended_by", plainWords(r.ended))
	key("access", plainWords(r.access))
	key("where", r.where)
	key("unless", r.unless)
	switch len(until) {
	case 0:
		fmt.Fprintln(b, "    until: open")
	case 1:
		fmt.Fprintf(b, "    until: %s\n", until[0])
	default:
		key("until", until)
	}
	if r.prolongs {
		fmt.Fprintln(b, "    only_prolongs: true")
	}
	if r.suspended {
		fmt.Fprintln(b, "    suspended_by_hold: true")
	}
}

func plainList(words []string) string { return "[" + strings.Join(words, ", ") + "]" }

func plainWords[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}
