package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Policies makes a policy with changes, written as "claims=strict" for a choice and
// "webinar.until=60 days after webinar" for the period of a rule.
type Policies func(changes []string) (*rules.Policy, error)

// Run runs a scenario against a policy and returns the failed steps.
func Run(policies Policies, c Scenario) []Failure {
	p, err := policies(c.With)
	if err != nil {
		return []Failure{{Case: c.Name, Step: Step{Line: c.Line, Text: "with " + strings.Join(c.With, " ")}, Err: err}}
	}
	run := runner{policies: policies, policy: p, changes: c.With, persons: map[string]*person{}}
	var failures []Failure
	for _, step := range c.Steps {
		got, err := run.step(step.Text)
		if err != nil {
			return append(failures, Failure{Case: c.Name, Step: step, Err: err})
		}
		if !slices.Equal(got, step.Want) {
			failures = append(failures, Failure{Case: c.Name, Step: step, Got: got})
		}
	}
	return failures
}

// runner is a world of a few persons in virtual time.
type runner struct {
	policies Policies
	policy   *rules.Policy
	changes  []string
	// next is a policy that awaits approval.
	next  *rules.Policy
	now   time.Time
	facts int
	// persons maps the names of the scenario to persons; names is the order of first use.
	persons map[string]*person
	names   []string
}

type person struct {
	name    string
	subject lifecycle.Subject
	lives   int
}

// person returns a person by name, a new one the first time.
func (r *runner) person(name string) *person {
	if r.persons[name] == nil {
		p := &person{name: name}
		p.begin()
		r.persons[name], r.names = p, append(r.names, name)
	}
	return r.persons[name]
}

func (p *person) begin() {
	p.subject = lifecycle.Subject{ID: p.nextID()}
	p.lives++
}

func (p *person) nextID() string { return "person" + p.name + "-" + strconv.Itoa(p.lives) }

var errEarlier = errors.New("this time is before the line above; write a late fact with occurred=TIME")

func (r *runner) step(text string) ([]string, error) {
	at, rest, err := r.time(text)
	if err != nil {
		return nil, err
	}
	if at.Before(r.now) {
		return nil, errEarlier
	}
	out := r.pass(at)
	words, who := pick(split(rest), "who")
	if len(words) == 0 {
		return nil, fmt.Errorf("%q is neither a fact nor a question", text)
	}
	more, err := r.report(r.person(who), at, words)
	return append(out, more...), err
}

// report answers a question or applies a fact.
func (r *runner) report(p *person, at time.Time, words []string) ([]string, error) {
	switch words[0] {
	case "time":
		return nil, nil
	case "holds":
		return r.holds(p, at), nil
	case "consents":
		return r.consents(p, at), nil
	case "requests":
		return r.requests(p, at), nil
	case "tombstone":
		return r.tombstone(p, at), nil
	case "answer":
		return r.answer(p, at), nil
	case "may":
		return r.may(p, words[1:], at)
	case "told":
		return r.notified(p, words[1:], at)
	case "recipient":
		return nil, r.recipient(words[1:])
	case "policy":
		return r.change(words[1:], at)
	case "approve":
		return r.approve(at)
	case "join":
		return r.join(p, words[1:], at)
	}
	f, err := r.fact(at, words)
	if err != nil {
		return nil, err
	}
	if f.Kind == fact.KindReceipt {
		f.Ref = decisionNamed(&p.subject, f.Ref)
	}
	return r.decide(p, at, f), nil
}

// pick removes "key=value" from words.
func pick(words []string, key string) (rest []string, value string) {
	for i, w := range words {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return slices.Concat(words[:i], words[i+1:]), v
		}
	}
	return words, ""
}

// pass advances the time and returns the decisions due on the way.
func (r *runner) pass(to time.Time) []string {
	var out []string
	for {
		var next *person
		for _, name := range r.names {
			p := r.persons[name]
			due := p.subject.ReviewAt
			if due != nil && !due.After(to) && (next == nil || due.Before(*next.subject.ReviewAt)) {
				next = p
			}
		}
		if next == nil {
			break
		}
		at := *next.subject.ReviewAt
		for _, line := range r.decide(next, at) {
			out = append(out, "on "+at.In(r.policy.Place.Zone).Format("2006-01-02 15:04")+" "+line)
		}
	}
	r.now = to
	return out
}

// decide imitates the service: evaluation, publication, journal, and removal of an empty subject.
func (r *runner) decide(p *person, at time.Time, facts ...fact.Fact) []string {
	before := p.subject
	if len(facts) > 0 && before.Version == 0 {
		before.Sealed = []byte("address")
	}
	before = lifecycle.UnmarkEchoes(r.policy, before, facts)
	facts = lifecycle.MarkEchoes(r.policy, before, facts)
	after, decisions := lifecycle.Decide(r.policy, before, facts, at)
	var out []string
	if lifecycle.HasReturned(p.subject, after) {
		fresh := lifecycle.Successor(before, p.nextID())
		p.lives++
		after, decisions = lifecycle.Decide(r.policy, fresh, facts, at)
		after.Sealed = []byte("address")
		out = append(out, "a new person begins")
	}
	after.Version++
	var ids []string
	var notices []notice.Notice
	for i := range decisions {
		d := &decisions[i]
		out, ids = append(out, render(*d)), append(ids, d.ID)
	}
	for i := range after.Outbox {
		if n := notice.New(r.policy, &after.Outbox[i], nil, hashed); n != nil {
			notices = append(notices, *n)
		}
	}
	for _, n := range after.Notes {
		if n.Kind == chain.KindAlarm {
			out = append(out, "alarm "+n.Text)
		}
	}
	sealed := len(after.Sealed) > 0
	after = lifecycle.MarkSent(after, ids)
	after = lifecycle.MarkPurged(
		lifecycle.MarkJournaled(lifecycle.AddNotices(r.policy, after, notices), chain.Head{Seq: 1}),
	)
	if sealed && len(after.Sealed) == 0 {
		out = append(out, "let go of the address")
	}
	p.subject = after
	if after.Removable() {
		out = append(out, "forget everything")
		p.begin()
	}
	if p.name != "" {
		for i := range out {
			out[i] = p.name + ": " + out[i]
		}
	}
	return out
}

// change rolls out another policy. A policy with deletions awaits approval first.
func (r *runner) change(changes []string, at time.Time) ([]string, error) {
	next, err := r.policies(slices.Concat(r.changes, changes))
	var refused *strictyaml.Error
	switch {
	case errors.As(err, &refused):
		var out []string
		for _, f := range refused.Faults {
			out = append(out, "refused: "+f.Text)
		}
		return out, nil
	case err != nil:
		return nil, err
	}
	next.Connected = r.policy.Connected
	next.Earlier = append(slices.Clone(r.policy.Earlier), rules.Earlier{Policy: r.policy, To: at})
	r.changes = slices.Concat(r.changes, changes)
	r.next = next
	var out []string
	affected := 0
	for _, name := range r.names {
		if goes := lifecycle.Impact(r.policy, next, r.persons[name].subject, at); len(goes) > 0 {
			affected++
			out = append(out, "would delete "+list(goes))
		}
	}
	if affected > 0 {
		return append(out, fmt.Sprintf("waits for approval: %d of %d persons", affected, len(r.names))), nil
	}
	return r.approve(at)
}

func (r *runner) approve(at time.Time) ([]string, error) {
	if r.next == nil {
		return nil, errors.New("no policy awaits approval")
	}
	r.policy, r.next = r.next, nil
	var out []string
	for _, name := range r.names {
		if p := r.persons[name]; p.subject.Version > 0 {
			out = append(out, r.decide(p, at)...)
		}
	}
	return out, nil
}

// join makes one person of two.
func (r *runner) join(p *person, words []string, at time.Time) ([]string, error) {
	if len(words) != 1 || r.persons[words[0]] == nil || words[0] == p.name {
		return nil, errors.New("join needs the name of another person of the case, as in \"join second\"")
	}
	other := r.persons[words[0]]
	p.subject = lifecycle.Merge(p.subject, other.subject)
	delete(r.persons, other.name)
	r.names = slices.DeleteFunc(r.names, func(n string) bool { return n == other.name })
	return r.decide(p, at), nil
}

// time reads the moment at the start of a line.
func (r *runner) time(text string) (time.Time, string, error) {
	first, rest, _ := strings.Cut(text, " ")
	if strings.HasSuffix(first, "Z") {
		at, err := parseUTC(first)
		return at, strings.TrimSpace(rest), err
	}
	clock, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	at, err := time.ParseInLocation("2006-01-02 15:04", first+" "+clock, r.policy.Place.Zone)
	if err != nil {
		return at, "", fmt.Errorf("%q does not begin with a time like 2026-03-01 10:00 or 2026-03-01T09:00Z", text)
	}
	return at.UTC(), strings.TrimSpace(rest), nil
}

func parseUTC(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04Z", time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time like 2026-03-01T09:00Z", s)
}
