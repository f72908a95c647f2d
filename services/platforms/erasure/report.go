package erasure

import (
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

// Report collects outcomes. The zero value is empty.
type Report struct {
	// Now is the instant of the report, for obstacles whose end is not known.
	Now time.Time

	// known are the categories of the decision; a receipt may name no others.
	known    []string
	outcomes map[string]string
	reasons  []string
	// left is what stays at the platform after an erasure.
	left []string
	// looks are the ends of the obstacles; byHand reports whether an obstacle needs a person.
	looks  []time.Time
	byHand bool
}

// NewReport returns the report about a task at an instant: of no category anything was found yet.
func NewReport(t *Task, now time.Time) Report {
	r := Report{Now: now, known: t.Categories()}
	for _, category := range r.known {
		r.Say(category, stream.OutcomeNotFound, "")
	}
	return r
}

// Say adds an outcome for a category. The reason may be empty. What is not done needs a person.
func (r *Report) Say(category, outcome, reason string) {
	r.byHand = r.byHand || outcome != stream.OutcomeDone && outcome != stream.OutcomeNotFound
	r.add(category, outcome, reason)
}

// undated is the wait for an obstacle without a known end, soonest the shortest wait.
const (
	undated = 90 * 24 * time.Hour
	soonest = time.Hour
)

// Hold adds a category that the platform holds by design until an obstacle lapses: until is the end of the
// obstacle, nil without a known end, and lastDay the last day before.
func (r *Report) Hold(category, reason string, until *time.Time, lastDay string) {
	look := r.Now.Add(undated)
	if until != nil {
		look = r.Now.Add(max(until.Sub(r.Now), soonest))
	}
	if lastDay != "" {
		reason += ", until " + lastDay
	}
	r.looks = append(r.looks, look)
	r.add(category, stream.OutcomeHeld, reason)
}

// Leave adds data that an erasure of a category leaves at the platform, such as "refund reasons".
func (r *Report) Leave(category string, what ...string) {
	for _, w := range what {
		if !slices.Contains(r.left, w) {
			r.left = append(r.left, w)
		}
		r.Say(category, stream.OutcomePartial, "")
	}
}

func (r *Report) add(category, outcome, reason string) {
	if r.outcomes == nil {
		r.outcomes = map[string]string{}
	}
	r.outcomes[category] = merge(r.outcomes[category], outcome)
	if reason != "" && !slices.Contains(r.reasons, reason) {
		r.reasons = append(r.reasons, reason)
	}
}

// Said reports whether a category has an outcome.
func (r *Report) Said(category string) bool { return r.outcomes[category] != "" }

// Answer composes the answer. Categories lists the outcomes of categories of the decision that differ from the whole.
func (r *Report) Answer() dispatch.Answer {
	a := dispatch.Answer{Reason: r.reason()}
	for _, outcome := range r.outcomes {
		a.Outcome = merge(a.Outcome, outcome)
	}
	if a.Outcome == "" {
		a.Outcome = stream.OutcomeNotFound
	}
	for category, outcome := range r.outcomes {
		if outcome == a.Outcome || category == "" || r.known != nil && !slices.Contains(r.known, category) {
			continue
		}
		if a.Categories == nil {
			a.Categories = map[string]string{}
		}
		a.Categories[category] = outcome
	}
	if len(r.looks) > 0 && !r.byHand {
		first := slices.MinFunc(r.looks, time.Time.Compare)
		a.LookAgain = &first
	}
	return a
}

// maxReason bounds the reason of a receipt, in characters.
const maxReason = 300

func (r *Report) reason() string {
	reasons := r.reasons
	if len(r.left) > 0 {
		reasons = append([]string{"left at the platform: " + strings.Join(r.left, ", ")}, reasons...)
	}
	text := []rune(strings.Join(reasons, "; "))
	if len(text) > maxReason {
		text = append(text[:maxReason-1], '…')
	}
	return string(text)
}

// merge is the combined outcome of two objects: a missing object has no influence, and different
// outcomes are partial.
func merge(a, b string) string {
	switch {
	case a == b || b == "" || b == stream.OutcomeNotFound && a != "":
		return a
	case a == "" || a == stream.OutcomeNotFound:
		return b
	}
	return stream.OutcomePartial
}
