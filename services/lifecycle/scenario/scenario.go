// Package scenario runs scenarios against a policy. A scenario is a text with the facts of a person,
// the instants, and the expected results:
//
//	case bought, then unsubscribed
//	2026-03-01 10:00 sale order-1
//	  ask-consent offers by email
//	2026-03-20 00:00 holds
//	  order(order-1) until 2032-12-31 for claims 6(1)(f)
//
// A line that starts with a time is a fact, a question, or "time" (advance the time). Times are
// civil times in the zone of the policy, or UTC with a Z. Time advances between lines: a decision
// due in between is expected with its instant, as in "on 2026-03-16 00:00 delete contact". Indented
// lines are the expected results; no indented line means no result. docs/policy.md has the full
// description.
package scenario

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Step is one line of a scenario with the expected results.
type Step struct {
	// Line counts from 1.
	Line int
	Text string
	Want []string
}

// Scenario is one story.
type Scenario struct {
	Name string
	Line int
	// With lists changes to the policy for the whole scenario.
	With  []string
	Steps []Step
}

// Failure is a step with unexpected results.
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
	return fmt.Sprintf(
		"line %d, case %q: %s\n  expected:\n%s  got:\n%s",
		f.Step.Line,
		f.Case,
		f.Step.Text,
		block(f.Step.Want),
		block(f.Got),
	)
}

func block(lines []string) string {
	if len(lines) == 0 {
		return "    (nothing)\n"
	}
	return "    " + strings.Join(lines, "\n    ") + "\n"
}

// Read reads the cases of a file.
func Read(r io.Reader) ([]Scenario, error) {
	var cases []Scenario
	scan := bufio.NewScanner(r)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimRight(scan.Text(), " \t\r")
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(line, "case "):
			cases = append(cases, Scenario{Name: trimmed[len("case "):], Line: n})
		case len(cases) > 0 && strings.HasPrefix(line, "with ") && len(cases[len(cases)-1].Steps) == 0:
			c := &cases[len(cases)-1]
			c.With = append(c.With, split(trimmed)[1:]...)
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

// split splits a line into words. Quotes keep words together: reason="two words".
func split(line string) []string {
	var words []string
	var word strings.Builder
	quoted, started := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, started = !quoted, true
		case r == ' ' && !quoted:
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words
}
