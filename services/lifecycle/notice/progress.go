package notice

import (
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// State is the progress of a published decision.
type State string

// The states of a published decision.
const (
	// StatePlanned: at least one recipient has not received the decision.
	StatePlanned State = "planned"
	// StateSent: all recipients have received the decision, and none has answered.
	StateSent State = "sent"
	// StatePartial: some recipients have carried out the decision.
	StatePartial State = "partial"
	// StateConfirmed: all recipients have carried out the decision or hold no data of the person.
	StateConfirmed State = "confirmed"
	// StateRefused: all recipients have answered, and one refuses.
	StateRefused State = "refused"
	// StateOverdue: the answer of one is late.
	StateOverdue State = "overdue"
	// StateAnswered: the person was asked, and the answer is known.
	StateAnswered State = "answered"
	// StateLapsed: the question fell without an answer.
	StateLapsed State = "lapsed"
	// StateRetracted: news arrived after the publication, and nothing of the decision remains.
	StateRetracted State = "retracted"
	// StateHeld: the decision is not published yet.
	StateHeld State = "held"
	// StateWithoutRecipient: the person should be asked, and no recipient accepts questions.
	StateWithoutRecipient State = "untold"
)

// Progress is the progress of a decision at its recipients.
type Progress struct {
	// State is never NoticeConfirmed while an answer is missing.
	State State `json:"state"`
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
		begun = begun || t.Outcome != "" && t.Outcome != fact.OutcomeFailed
		switch {
		case t.isUnanswered():
			p.Missing = append(p.Missing, t.Recipient)
			late = late || !at.Before(t.deadline())
		case t.Outcome == fact.OutcomeRefused && n.Kind == stream.KindDelete:
			p.Refused = append(p.Refused, t.Recipient)
		case t.Outcome == fact.OutcomeGranted || t.Outcome == fact.OutcomeRefused:
			answered = true
		}
	}
	p.State = n.state(&p, sent, begun, late, answered, at)
	if p.State == StateAnswered || p.State == StateLapsed || p.State == StateRetracted {
		p.Missing = nil // the answer of one will do, and a retracted decision needs none
	}
	return p
}

func (n *Notice) state(p *Progress, sent int, begun, late, answered bool, at time.Time) State {
	if q := n.Question; q != nil {
		switch {
		case answered, n.Answer != "", len(n.Notifications) > 0 && len(p.Missing) == 0:
			return StateAnswered
		case n.Retracted():
			return StateRetracted
		case !at.Before(q.Until), n.Closed != nil:
			return StateLapsed
		case len(n.Notifications) == 0:
			return StateWithoutRecipient
		}
		late = false // a question has no deadline but its own
	}
	switch {
	case n.Retracted():
		return StateRetracted
	case n.Question == nil && len(p.Missing)+len(p.Refused) == 0:
		return StateConfirmed
	case late:
		return StateOverdue
	case len(p.Missing) == 0:
		return StateRefused
	case begun:
		return StatePartial
	case sent < len(n.Notifications):
		return StatePlanned
	}
	return StateSent
}
