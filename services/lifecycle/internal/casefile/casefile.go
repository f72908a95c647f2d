// Package casefile runs stories written as text against a policy: what happens
// to a person and when, and what must follow.
//
//	case bought, then unsubscribed
//	2026-03-01 10:00 sale order-1
//	  ask-consent offers by email
//	2026-03-20 00:00 holds
//	  order(order-1) until 2032-12-31 for claims 6(1)(f)
//
// A line that starts with a time is a fact, "holds" (what may be held then) or
// "time" (let time pass). Times are civil times of the policy's zone, or UTC with
// a Z. Between lines time passes: decisions that time alone brings are written
// with the moment they fall due, as in "on 2026-03-16 00:00 delete contact".
// Indented lines are what must come out; a line without any expects nothing.
package casefile

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Step is one line of a case and what is expected to follow.
type Step struct {
	// Line counts from 1.
	Line int
	Text string
	Want []string
}

// Case is one story.
type Case struct {
	Name  string
	Line  int
	Steps []Step
}

// Failure is a step that gave something else than expected.
type Failure struct {
	Case string
	Step Step
	Got  []string
	// Err is set when the step could not be read.
	Err error
}

// String shows expected against got.
func (f Failure) String() string {
	if f.Err != nil {
		return fmt.Sprintf("line %d, case %q: %v", f.Step.Line, f.Case, f.Err)
	}
	return fmt.Sprintf("line %d, case %q: %s\n  expected:\n%s  got:\n%s", f.Step.Line, f.Case, f.Step.Text, block(f.Step.Want), block(f.Got))
}

func block(lines []string) string {
	if len(lines) == 0 {
		return "    (nothing)\n"
	}
	return "    " + strings.Join(lines, "\n    ") + "\n"
}

// Read reads the cases of a file.
func Read(r io.Reader) ([]Case, error) {
	var cases []Case
	scan := bufio.NewScanner(r)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimRight(scan.Text(), " \t\r")
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(line, "case "):
			cases = append(cases, Case{Name: trimmed[len("case "):], Line: n})
		case len(cases) == 0:
			return nil, fmt.Errorf("line %d: a file begins with a line \"case NAME\"", n)
		case line[0] == ' ' || line[0] == '\t':
			steps := cases[len(cases)-1].Steps
			if len(steps) == 0 {
				return nil, fmt.Errorf("line %d: an expectation needs a line with a time before it", n)
			}
			last := &steps[len(steps)-1]
			last.Want = append(last.Want, trimmed)
		default:
			c := &cases[len(cases)-1]
			c.Steps = append(c.Steps, Step{Line: n, Text: trimmed})
		}
	}
	return cases, scan.Err()
}

// Run tells a case to the policy and returns the steps that failed.
func Run(p *lifecycle.Policy, c Case) []Failure {
	run := runner{policy: p, subject: lifecycle.Subject{ID: "person-0"}}
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

// runner is one person in virtual time.
type runner struct {
	policy  *lifecycle.Policy
	subject lifecycle.Subject
	now     time.Time
	facts   int
	persons int
}

func (r *runner) step(text string) ([]string, error) {
	at, rest, err := r.time(text)
	if err != nil {
		return nil, err
	}
	if at.Before(r.now) {
		return nil, fmt.Errorf("%s is before the line above; write late news as occurred=TIME", text)
	}
	out := r.pass(at)
	words := strings.Fields(rest)
	switch {
	case len(words) == 0:
		return nil, fmt.Errorf("%q says no fact, holds or time", text)
	case rest == "time":
		return out, nil
	case rest == "holds":
		return append(out, r.holds(at)...), nil
	}
	f, err := r.fact(at, words)
	if err != nil {
		return nil, err
	}
	return append(out, r.decide(at, f)...), nil
}

// pass lets time pass and returns the decisions that fall due on the way.
func (r *runner) pass(to time.Time) []string {
	var out []string
	for r.subject.ReviewAt != nil && !r.subject.ReviewAt.After(to) {
		at := *r.subject.ReviewAt
		for _, line := range r.decide(at) {
			out = append(out, "on "+at.In(r.policy.Place.Zone).Format("2006-01-02 15:04")+" "+line)
		}
	}
	r.now = to
	return out
}

func (r *runner) decide(at time.Time, facts ...lifecycle.Fact) []string {
	var decisions []lifecycle.Decision
	r.subject, decisions = lifecycle.Decide(r.policy, r.subject, facts, at)
	r.subject.Version++
	var out, ids []string
	for _, d := range decisions {
		out, ids = append(out, render(d)), append(ids, d.ID)
	}
	r.subject = lifecycle.Sent(r.subject, ids)
	if r.subject.Gone() {
		out = append(out, "forget everything")
		r.persons++
		r.subject = lifecycle.Subject{ID: "person-" + strconv.Itoa(r.persons)}
	}
	return out
}

func (r *runner) holds(at time.Time) []string {
	var out []string
	for _, h := range lifecycle.Explain(r.policy, r.subject, at).Holds {
		b := h.Because[0]
		end := "until " + h.LastDay
		if h.Until == nil {
			end = "while it lasts"
		}
		out = append(out, fmt.Sprintf("%s %s for %s %s", item(h.Item), end, b.Purpose, b.Article))
	}
	return out
}

func render(d lifecycle.Decision) string {
	if d.Kind == lifecycle.AskConsent {
		return fmt.Sprintf("ask-consent %s by %s", d.Question.Purpose, d.Question.Channel)
	}
	items := make([]string, len(d.Items))
	for i, it := range d.Items {
		items[i] = item(it)
	}
	text := "delete " + strings.Join(items, ", ")
	if d.WholePerson {
		text += ", the whole person"
	}
	return text
}

func item(i lifecycle.Item) string {
	if i.Ref == "" {
		return i.Category
	}
	return i.Category + "(" + i.Ref + ")"
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

// fact reads "KIND [REF] [key=value]...".
func (r *runner) fact(at time.Time, words []string) (lifecycle.Fact, error) {
	r.facts++
	f := lifecycle.Fact{ID: "fact-" + strconv.Itoa(r.facts), Kind: lifecycle.Kind(words[0]), Occurred: at, Received: at}
	if !slices.Contains(lifecycle.Kinds(), f.Kind) {
		return f, fmt.Errorf("%q is neither a kind of fact, nor holds, nor time", words[0])
	}
	for _, w := range words[1:] {
		key, value, ok := strings.Cut(w, "=")
		if !ok && f.Ref == "" && w != "full" && w != "awaited" {
			f.Ref = w
			continue
		}
		if err := set(&f, key, value); err != nil {
			return f, err
		}
	}
	return f, nil
}

func set(f *lifecycle.Fact, key, value string) (err error) {
	switch key {
	case "id":
		f.ID = value
	case "occurred":
		f.Occurred, err = parseUTC(value)
	case "access":
		f.Access = lifecycle.Access(value)
	case "days":
		f.AccessDays, err = strconv.Atoi(value)
	case "paid_until":
		var t time.Time
		t, err = parseUTC(value)
		f.PaidUntil = &t
	case "contract":
		f.Contract = value
	case "links":
		f.Links = strings.Split(value, ",")
	case "wording":
		f.Wording = value
	case "purposes":
		f.Purposes = strings.Split(value, ",")
	case "channels":
		f.Channels = strings.Split(value, ",")
	case "full":
		f.Full = true
	case "awaited":
		f.PerformanceAwaited = true
	default:
		err = fmt.Errorf("unknown word %q; known are id, occurred, access, days, paid_until, contract, links, wording, purposes, channels, full, awaited", key)
	}
	return err
}
