package notice

import (
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// lookDays is the time for the answer after the obstacle of held data has lapsed.
const lookDays = 7

// Look is a notification that is due again: the obstacle of held data has lapsed.
type Look struct{ Decision, Recipient string }

// Looks lists the notifications that are due again.
func Looks(all []Notice) []Look {
	var out []Look
	for i := range all {
		n := &all[i]
		for j := range n.Notifications {
			if n.Notifications[j].Look && n.looks() {
				out = append(out, Look{n.Decision, n.Notifications[j].Recipient})
			}
		}
	}
	return out
}

// looks reports whether a held part of the notice may be notified again.
func (n *Notice) looks() bool {
	return n.Kind == stream.KindDelete && n.Closed == nil && !n.Retracted()
}

// hold records until when the recipient holds data by its answer.
func (t *Notification) hold(f *fact.Fact) {
	t.LookAgain, t.Look = nil, false
	if (f.Outcome == fact.OutcomeHeld || f.Outcome == fact.OutcomePartial) && f.EventAt != nil &&
		f.EventAt.After(f.Occurred) {
		t.LookAgain = f.EventAt
	}
}

// deadline is the instant from which a missing final answer is late: Due, and for data that are held by design some
// days after the obstacle has lapsed.
func (t *Notification) deadline() time.Time {
	if t.LookAgain == nil {
		return t.Due
	}
	return calendar.Later(t.Due, t.LookAgain.AddDate(0, 0, lookDays))
}

// markLooks marks the notifications that are due again at an instant.
func (n *Notice) markLooks(at time.Time) {
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.LookAgain != nil && !t.LookAgain.After(at) && n.looks() {
			t.Look = true
		}
	}
}

// LookAgainAfter marks the held notifications of the recipients of a new deletion as due again: the deletion may
// have removed what held them.
func LookAgainAfter(all []Notice, deletion *Notice) {
	if deletion.Kind != stream.KindDelete {
		return
	}
	for i := range all {
		n := &all[i]
		if n.Decision == deletion.Decision || !n.looks() {
			continue
		}
		for j := range n.Notifications {
			if t := &n.Notifications[j]; t.LookAgain != nil && deletion.notifies(t.Recipient) {
				t.Look = true
			}
		}
	}
}

// EndLook ends the mark of a notification that needs no further look.
func (n *Notice) EndLook(recipient string) {
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.Recipient == recipient {
			t.LookAgain, t.Look = nil, false
		}
	}
}
