package platform

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

// Report gathers what was done. The zero value has nothing to say.
type Report struct {
	outcomes map[string]string
	reasons  []string
}

// Say adds what became of something of a category. The reason may be empty.
func (r *Report) Say(category, outcome, reason string) {
	if r.outcomes == nil {
		r.outcomes = map[string]string{}
	}
	r.outcomes[category] = merge(r.outcomes[category], outcome)
	if reason != "" && !slices.Contains(r.reasons, reason) {
		r.reasons = append(r.reasons, reason)
	}
}

// Said tells whether something was said of a category.
func (r *Report) Said(category string) bool { return r.outcomes[category] != "" }

// Answer puts the answer together. Categories are in it where they differ from the whole.
func (r *Report) Answer() dispatch.Answer {
	a := dispatch.Answer{Reason: strings.Join(r.reasons, "; ")}
	for _, outcome := range r.outcomes {
		a.Outcome = merge(a.Outcome, outcome)
	}
	if a.Outcome == "" {
		a.Outcome = stream.OutcomeNotFound
	}
	for category, outcome := range r.outcomes {
		if outcome == a.Outcome || category == "" {
			continue
		}
		if a.Categories == nil {
			a.Categories = map[string]string{}
		}
		a.Categories[category] = outcome
	}
	return a
}

// merge is the outcome of two things together: what was not there changes nothing, and
// what differs is a part.
func merge(a, b string) string {
	switch {
	case a == b || b == "" || b == stream.OutcomeNotFound && a != "":
		return a
	case a == "" || a == stream.OutcomeNotFound:
		return b
	}
	return stream.OutcomePartial
}
