// Package casefile runs stories written as text against a policy: what happens
// to a person and when, and what must follow.
//
//	case bought, then unsubscribed
//	2026-03-01 10:00 sale order-1
//	  ask-consent offers by email
//	2026-03-20 00:00 holds
//	  order(order-1) until 2032-12-31 for claims 6(1)(f)
//
// A line that starts with a time is a fact, a question, or "time" (let time pass).
// Times are civil times of the policy's zone, or UTC with a Z. Between lines time
// passes: decisions that time alone brings are written with the moment they fall
// due, as in "on 2026-03-16 00:00 delete contact". Indented lines are what must
// come out; a line without any expects nothing. docs/policy.md describes it all.
package scenario

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Step is one line of a case and what is expected to follow.
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
	// With are changes to the policy under which the whole case stands.
	With  []string
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

// split cuts a line into words. Quotes hold words together: reason="two words".
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
