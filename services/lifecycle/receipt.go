package lifecycle

import (
	"slices"
	"time"
)

// RecipientAnswer is what a system that got a decision answered (Art. 19).
type RecipientAnswer struct {
	Decision  string    `json:"decision"`
	Recipient string    `json:"recipient"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason,omitempty"`
	At        time.Time `json:"at"`
}

// recipientAnswers returns the last answer of each recipient to each decision.
func recipientAnswers(facts []Fact) []RecipientAnswer {
	var out []RecipientAnswer
	for i := range facts {
		f := &facts[i]
		if f.Kind != Receipt {
			continue
		}
		a := RecipientAnswer{Decision: f.Ref, Recipient: f.Recipient, Outcome: f.Outcome, Reason: f.Reason, At: f.Occurred}
		n := slices.IndexFunc(out, func(have RecipientAnswer) bool {
			return have.Decision == a.Decision && have.Recipient == a.Recipient
		})
		if n < 0 {
			out = append(out, a)
		} else {
			out[n] = a
		}
	}
	return out
}

// Progress is how far a decision has been carried out by those who were told.
type Progress struct {
	// State is "confirmed" only when every recipient has done it, "refused" when one
	// will not, "overdue" when one has not answered by Due, "partial" while some have,
	// and "sent" while nobody has.
	State string `json:"state"`
	// Missing are the recipients that have not answered, Refused those that will not.
	Missing []string `json:"missing,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

// ProgressOf tells how far a decision has come by what recipients answered. It is
// never confirmed while one is missing.
func ProgressOf(decision string, recipients []string, answers []RecipientAnswer, due, at time.Time) Progress {
	var p Progress
	done := 0
	for _, r := range recipients {
		n := slices.IndexFunc(answers, func(a RecipientAnswer) bool { return a.Decision == decision && a.Recipient == r && !a.At.After(at) })
		switch {
		case n < 0:
			p.Missing = append(p.Missing, r)
		case answers[n].Outcome == "done" || answers[n].Outcome == "not_found":
			done++
		case answers[n].Outcome == "refused":
			p.Refused = append(p.Refused, r)
		default:
			p.Missing = append(p.Missing, r) // partial or held: the rest is to come
		}
	}
	switch {
	case done == len(recipients):
		p.State = "confirmed"
	case len(p.Missing) > 0 && !at.Before(due):
		p.State = "overdue"
	case len(p.Refused) > 0:
		p.State = "refused"
	case done > 0 || len(p.Missing) < len(recipients):
		p.State = "partial"
	default:
		p.State = "sent"
	}
	return p
}
