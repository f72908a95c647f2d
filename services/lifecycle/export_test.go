package lifecycle

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// DecideAll evaluates all facts, and lets the next evaluation look at single records however few the facts are.
func DecideAll(p *rules.Policy, s Subject, facts []fact.Fact, at time.Time) (Subject, []decision.Decision) {
	if at = at.UTC().Truncate(time.Millisecond); s.UnchangedBy(p, facts, at) {
		return s, nil
	}
	return s.decideAll(p, facts, at, 0)
}

// DecideRecords evaluates the records of new facts alone; false where only an evaluation of all facts is right.
func DecideRecords(p *rules.Policy, s Subject, facts []fact.Fact, at time.Time) (Subject, bool) {
	if at = at.UTC().Truncate(time.Millisecond); s.UnchangedBy(p, facts, at) {
		return s, false
	}
	return s.decideRecords(p, facts, at)
}
