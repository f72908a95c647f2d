package lifecycle

import (
	"time"
)

// NoticeState is the progress of a published decision.
type NoticeState string

// The states of a published decision.
const (
	// NoticePlanned: at least one recipient has not received the decision.
	NoticePlanned NoticeState = "planned"
	// NoticeSent: all recipients have received the decision, and none has answered.
	NoticeSent NoticeState = "sent"
	// NoticePartial: some recipients have carried out the decision.
	NoticePartial NoticeState = "partial"
	// NoticeConfirmed: all recipients have carried out the decision or hold no data of the person.
	NoticeConfirmed NoticeState = "confirmed"
	// NoticeRefused: all recipients have answered, and one refuses.
	NoticeRefused NoticeState = "refused"
	// NoticeOverdue: the answer of one is late.
	NoticeOverdue NoticeState = "overdue"
	// NoticeAnswered: the person was asked, and the answer is known.
	NoticeAnswered NoticeState = "answered"
	// NoticeLapsed: the question fell without an answer.
	NoticeLapsed NoticeState = "lapsed"
	// NoticeWithoutRecipient: the person should be asked, and no recipient accepts questions.
	NoticeWithoutRecipient NoticeState = "untold"
)

// Progress is the progress of a decision at its recipients.
type Progress struct {
	// State is never NoticeConfirmed while an answer is missing.
	State NoticeState `json:"state"`
	// Missing are the recipients without a final answer, Refused the recipients that refuse.
	Missing []string `json:"missing,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

// Progress returns the progress of the decision at an instant.
func (n *Notice) Progress(at time.Time) Progress {
	var p Progress
	sent, begun, late, answered := 0, false, false, false
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if t.Sent != nil {
			sent++
		}
		begun = begun || t.Outcome != "" && t.Outcome != OutcomeFailed
		switch {
		case t.isUnanswered():
			p.Missing = append(p.Missing, t.Recipient)
			late = late || !at.Before(t.Due)
		case t.Outcome == OutcomeRefused && n.Kind == DecisionDelete:
			p.Refused = append(p.Refused, t.Recipient)
		case t.Outcome == OutcomeGranted || t.Outcome == OutcomeRefused:
			answered = true
		}
	}
	p.State = n.state(&p, sent, begun, late, answered, at)
	if p.State == NoticeAnswered || p.State == NoticeLapsed {
		p.Missing = nil // the answer of one will do
	}
	return p
}

func (n *Notice) state(p *Progress, sent int, begun, late, answered bool, at time.Time) NoticeState {
	if q := n.Question; q != nil {
		switch {
		case answered, n.Answer != "", len(n.Notifications) > 0 && len(p.Missing) == 0:
			return NoticeAnswered
		case !at.Before(q.Until), n.Closed != nil:
			return NoticeLapsed
		case len(n.Notifications) == 0:
			return NoticeWithoutRecipient
		}
		late = false // a question has no deadline but its own
	}
	switch {
	case n.Question == nil && len(p.Missing)+len(p.Refused) == 0:
		return NoticeConfirmed
	case late:
		return NoticeOverdue
	case len(p.Missing) == 0:
		return NoticeRefused
	case begun:
		return NoticePartial
	case sent < len(n.Notifications):
		return NoticePlanned
	}
	return NoticeSent
}
