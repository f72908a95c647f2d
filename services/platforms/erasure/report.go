package erasure

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

// Report collects outcomes. The zero value is empty.
type Report struct {
	outcomes map[string]string
	reasons  []string
}

// Say adds an outcome for a category. The reason may be empty.
func (r *Report) Say(category, outcome, reason string) {
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

// Answer composes the answer. Categories lists the outcomes that differ from the whole.
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
