package notice

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Skew is the tolerated lag of the clock of a recipient: a receipt from before its decision does not count.
const Skew = 5 * time.Minute

// minute is the layout of an instant in the text of an alarm.
const minute = "2006-01-02 15:04Z"

// ApplyReceipts folds the receipts among the facts into the notices they answer, and returns the
// notices, the remaining facts and notes about answers that need a person. A receipt that arrives
// before its notice stays among the facts. The order of receipts has no effect.
func ApplyReceipts(
	all []Notice,
	facts []fact.Fact,
	at time.Time,
) (notices []Notice, rest []fact.Fact, notes []chain.Note) {
	all = slices.Clone(all)
	receipts := false
	for i := range facts {
		receipts = receipts || facts[i].Kind == fact.KindReceipt
	}
	if !receipts {
		return all, facts, nil
	}
	rest = slices.DeleteFunc(slices.Clone(facts), func(f fact.Fact) bool {
		if f.Kind != fact.KindReceipt {
			return false
		}
		n := Find(all, f.Ref)
		if n == nil {
			return false
		}
		if note := n.receive(&f, at); note != nil {
			notes = append(notes, *note)
		}
		return true
	})
	return all, rest, notes
}

// receive applies a receipt to the notice and returns a note about an answer that needs a person, or
// nil.
func (n *Notice) receive(f *fact.Fact, at time.Time) *chain.Note {
	n.Notifications = slices.Clone(n.Notifications)
	i := slices.IndexFunc(n.Notifications, func(t Notification) bool { return t.Recipient == f.Recipient })
	switch {
	case i < 0:
		return alarmOf("stranger", f, at, "%[2]s answered the decision %[1]s without a notification of the decision")
	case f.Occurred.Before(n.At.Add(-Skew)):
		return alarmOf("early", f, at, "%[2]s says that the decision %[1]s was carried out before the decision was made: "+
			"the receipt does not count")
	case n.Replayed != nil && f.Occurred.Before(n.Replayed.Truncate(time.Second)):
		return nil
	case !n.Notifications[i].answer(f):
		return nil
	case n.Retracted():
		return nil // Losses reports an erasure that was carried out
	case n.Retracts != "" && (f.Outcome == fact.OutcomeRefused || f.Outcome == fact.OutcomePartial):
		return alarmOf("irrevocable", f, at, "%[2]s carried out a decision before its retraction %[1]s and cannot "+
			"undo all of it: run \"rodopath decisions --all\" for the reason")
	case n.Closed != nil && n.Kind == stream.KindDelete && n.Progress(at).State != StateConfirmed:
		n.Closed, n.Purged = nil, false
		return alarmOf("retracted", f, at,
			"%[2]s retracted its confirmation of the decision %[1]s: run \"rodopath decisions\" for the reason")
	case f.Outcome == fact.OutcomeFailed && n.Retracts != "":
		return alarmOf("failed", f, at, "the retraction %s could not be delivered to %s: "+
			"notify the recipient by hand; \"rodopath decisions --all\" shows what was retracted")
	case f.Outcome == fact.OutcomeFailed:
		return alarmOf("failed", f, at, "the decision %s could not be delivered to %s: "+
			"run \"rodopath decisions\" for the reason and \"rodopath replay\" to send the decision again")
	case f.Outcome == fact.OutcomeRefused && n.Kind == stream.KindDelete:
		return alarmOf("refused", f, at,
			"%[2]s refuses to carry out the decision %[1]s: run \"rodopath decisions\" for the reason")
	}
	return nil
}

// answer applies a receipt and reports whether the outcome changed. The latest answer counts.
func (t *Notification) answer(f *fact.Fact) bool {
	if f.Outcome != fact.OutcomeFailed && (t.Sent == nil || f.Occurred.Before(*t.Sent)) {
		t.Sent = &f.Occurred
	}
	if f.InformedAt != nil && (t.Narrowed == nil || f.InformedAt.Before(*t.Narrowed)) {
		t.Narrowed = f.InformedAt
	}
	if f.Outcome == fact.OutcomeSent ||
		t.At != nil && (f.Occurred.Before(*t.At) || f.Occurred.Equal(*t.At) && f.Outcome <= t.Outcome) {
		return false
	}
	t.Outcome, t.Categories, t.Reason, t.At = f.Outcome, maps.Clone(f.Categories), f.Reason, &f.Occurred
	t.hold(f)
	return true
}

// alarmOf returns an alarm about a receipt; format takes the decision and the recipient.
func alarmOf(what string, f *fact.Fact, at time.Time, format string) *chain.Note {
	return &chain.Note{
		Key: what + ":" + f.Ref + ":" + f.Recipient + ":" + f.ID, At: at, Kind: chain.KindAlarm,
		Text: fmt.Sprintf(format, f.Ref, f.Recipient),
	}
}

// Update closes completed notices and removes expired ones. The notes are alarms about late
// answers and the entries of closed notices.
func Update(
	all []Notice, p *rules.Policy, e *rules.Evaluation, requests []rights.Request, at time.Time,
) (notices []Notice, notes []chain.Note) {
	for i := range all {
		n := &all[i]
		if n.Closed != nil {
			continue
		}
		n.Notifications = slices.Clone(n.Notifications)
		n.AdvanceDue(requests)
		n.markLooks(at)
		notes = append(notes, n.escalate(at)...)
		if n.isComplete(e, at) {
			notes = append(notes, n.close(e, at))
		}
	}
	all = slices.DeleteFunc(all, func(n Notice) bool { return !n.expiry(p).After(at) && !n.NeedsPurge() })
	return all, notes
}

// escalate returns one alarm for each late answer.
func (n *Notice) escalate(at time.Time) []chain.Note {
	if n.Kind != stream.KindDelete {
		return nil
	}
	var out []chain.Note
	for i := range n.Notifications {
		t := &n.Notifications[i]
		due := t.deadline()
		if t.Escalated || !t.isUnanswered() || due.After(at) {
			continue
		}
		t.Escalated, t.EscalatedAt = true, &at
		out = append(out, chain.Note{
			Key: "unconfirmed:" + n.Decision + ":" + t.Recipient + ":" + due.Format(time.RFC3339),
			At:  at, Kind: chain.KindAlarm,
			Text: fmt.Sprintf("%s has not confirmed the deletion %s by %s: "+
				"ask the recipient, or send the decision again (\"rodopath replay\")",
				t.Recipient, n.Decision, due.UTC().Format(minute)),
		})
	}
	return out
}

// close closes the notice and returns its journal entry.
func (n *Notice) close(e *rules.Evaluation, at time.Time) chain.Note {
	n.Closed = &at
	if q := n.Question; q != nil {
		n.Answer = e.Answer(q.Purpose, q.Channel, at)
	}
	note := chain.Note{
		Key: string(chain.KindConfirmed) + ":" + n.Decision + ":" + at.Format(time.RFC3339Nano),
		At:  at, Kind: chain.KindConfirmed, Decision: n.Decision,
		Answers: withoutReasons(n.answers()), Text: string(n.Progress(at).State),
	}
	if n.Kind == stream.KindDelete {
		note.Names, note.Generation = n.Names, n.Generation // for the certificate
	}
	return note
}

// AnswersBy returns the answers of recipients up to an instant.
func AnswersBy(all []Notice, at time.Time) []chain.Answer {
	var out []chain.Answer
	for i := range all {
		for _, a := range all[i].answers() {
			if !a.At.After(at) {
				out = append(out, a)
			}
		}
	}
	return out
}
