package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
)

// Withdraw returns the subject without an unpublished decision that the controller stopped, with a note for the
// journal. The decision is not made again while nothing changes: the controller answers for the data. The result
// is false for a decision that is published or unknown.
func Withdraw(s Subject, id, reason string, at time.Time) (Subject, bool) {
	n := slices.IndexFunc(s.Outbox, func(d decision.Decision) bool { return d.ID == id && d.Retract == nil })
	if n < 0 {
		return s, false
	}
	d := s.Outbox[n]
	s.Outbox = slices.Delete(slices.Clone(s.Outbox), n, n+1)
	s.note(chain.Note{
		Key: "withdrawn:" + id, At: at.UTC(), Kind: chain.KindWithdrawn, Decision: id, Items: d.Items(), Text: reason,
	})
	return s, true
}
