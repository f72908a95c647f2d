package lifecycle

import (
	"time"
)

// RecipientAnswer is what a system that got a decision answered (Art. 19).
type RecipientAnswer struct {
	Decision  string `json:"decision"`
	Recipient string `json:"recipient"`
	Outcome   string `json:"outcome"`
	// Categories says it for single categories, where they differ.
	Categories map[string]string `json:"categories,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	At         time.Time         `json:"at"`
}

// The states of a decision that was sent.
const (
	// NoticePlanned: some of those who are to be told do not have it yet.
	NoticePlanned = "planned"
	// NoticeSent: all have it, and none has answered.
	NoticeSent = "sent"
	// NoticePartial: some have done it.
	NoticePartial = "partial"
	// NoticeConfirmed: all have done it, or hold nothing of the person.
	NoticeConfirmed = "confirmed"
	// NoticeRefused: all have answered, and one will not do it.
	NoticeRefused = "refused"
	// NoticeOverdue: the answer of one is late.
	NoticeOverdue = "overdue"
	// NoticeAnswered: the person was asked, and what came of it is known.
	NoticeAnswered = "answered"
	// NoticeLapsed: the question fell without an answer.
	NoticeLapsed = "lapsed"
	// NoticeWithoutRecipient: the person was to be asked, and no recipient takes questions.
	NoticeWithoutRecipient = "untold"
)

// Progress is how far a decision has been carried out by those who were told.
type Progress struct {
	// State is one of the State constants. It is never confirmed while one answer is
	// missing.
	State string `json:"state"`
	// Missing are the recipients that have not answered for good, Refused those that
	// will not.
	Missing []string `json:"missing,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

// Progress tells how far the decision has come at an instant.
func (n *Notice) Progress(at time.Time) Progress {
	var p Progress
	sent, begun, late, answered := 0, false, false, false
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if t.Sent != nil {
			sent++
		}
		begun = begun || t.Outcome != "" && t.Outcome != "failed"
		switch {
		case t.isUnanswered():
			p.Missing = append(p.Missing, t.Recipient)
			late = late || !at.Before(t.Due)
		case t.Outcome == "refused" && n.Kind == DecisionDelete:
			p.Refused = append(p.Refused, t.Recipient)
		case t.Outcome == "granted" || t.Outcome == "refused":
			answered = true
		}
	}
	p.State = n.state(&p, sent, begun, late, answered, at)
	if p.State == NoticeAnswered || p.State == NoticeLapsed {
		p.Missing = nil // the answer of one will do
	}
	return p
}

func (n *Notice) state(p *Progress, sent int, begun, late, answered bool, at time.Time) string {
	if q := n.Question; q != nil {
		switch {
		case answered, n.Answer != "", len(n.Notifications) > 0 && len(p.Missing) == 0:
			return NoticeAnswered
		case !at.Before(q.Until), n.Closed != nil:
			return NoticeLapsed
		case len(n.Notifications) == 0:
			return NoticeWithoutRecipient
		}
		late = false // the question may stand as long as it does
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

// recipientAnswers returns what recipients answered by an instant.
func (s *Subject) recipientAnswers(at time.Time) []RecipientAnswer {
	var out []RecipientAnswer
	for i := range s.Notices {
		for _, a := range s.Notices[i].answers() {
			if !a.At.After(at) {
				out = append(out, a)
			}
		}
	}
	return out
}
