package notice

import (
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Retraction withdraws a published decision, in whole or in part.
type Retraction struct {
	At time.Time `json:"at"`
	// Items are the items that are in force again; empty for a question.
	Items []rules.Item `json:"items,omitempty"`
	// Reason is the basis in force again, such as "orders 6(1)(b)".
	Reason string `json:"reason,omitempty"`
	// Whole reports whether nothing of the decision remains.
	Whole bool `json:"whole,omitempty"`
}

// Retracted reports whether nothing of the decision remains to be carried out.
func (n *Notice) Retracted() bool {
	return slices.ContainsFunc(n.Retractions, func(r Retraction) bool { return r.Whole })
}

// IsRetracted reports whether an item was retracted; same reports whether a retracted item is the item.
func (n *Notice) IsRetracted(same func(rules.Item) bool) bool {
	return n.RetractedAt(same) != nil
}

// RetractedAt is the instant of the retraction of an item; nil for an item that was not retracted.
func (n *Notice) RetractedAt(same func(rules.Item) bool) *time.Time {
	for i := range n.Retractions {
		if slices.ContainsFunc(n.Retractions[i].Items, same) {
			return &n.Retractions[i].At
		}
	}
	return nil
}

// Retract records a retraction and returns the journal entry of the decision. A decision that is retracted
// as a whole is closed.
func (n *Notice) Retract(r Retraction) chain.Note {
	n.Retractions = append(slices.Clip(n.Retractions), r)
	if r.Whole && n.Kind == stream.KindDelete {
		n.Closed = &r.At
	}
	return chain.Note{
		Key: string(chain.KindRetracted) + ":" + n.Decision + ":" + r.At.Format(time.RFC3339Nano),
		At:  r.At, Kind: chain.KindRetracted, Decision: n.Decision, Items: r.Items, Text: r.Reason,
	}
}

// MarkNarrowed records that a recipient, or all for an empty recipient, received only the part that held.
func (n *Notice) MarkNarrowed(recipient string, at time.Time) {
	for i := range n.Notifications {
		if recipient == "" || n.Notifications[i].Recipient == recipient {
			n.Notifications[i].Narrowed = &at
		}
	}
}

// MayHaveTaken lists the recipients that may have taken the decision and must be notified of its
// retraction: all but those that carried out a deletion before the revived basis began, or answered a
// question.
func (n *Notice) MayHaveTaken(since time.Time) []string {
	var out []string
	for i := range n.Notifications {
		t := &n.Notifications[i]
		answered := t.At != nil && !t.isUnanswered()
		if answered && (n.Question != nil || t.At.Before(since)) || t.Outcome == fact.OutcomeNotFound {
			continue
		}
		out = append(out, t.Recipient)
	}
	return out
}

// isDelivered reports whether no further answer to a retraction is expected: every recipient served by
// dispatch has received the retraction, and the others have answered or had their time.
func (n *Notice) isDelivered(at time.Time) bool {
	for i := range n.Notifications {
		t := &n.Notifications[i]
		received := t.Sent != nil && !t.Sent.Equal(n.At) // others count as sent with the publication
		if t.isUnanswered() && !received && at.Before(t.Due) {
			return false
		}
	}
	return true
}

// Revived is an item of a published deletion that is in force again.
type Revived struct {
	rules.Item
	// Since is the begin of the earliest basis in force.
	Since time.Time
	// Retracted is the instant of the retraction of the item; nil for an item that was not retracted.
	Retracted *time.Time
}

// Losses returns an alarm for each recipient and category that the recipient erased while a basis was in force,
// as it turned out after the decision. An erasure before the begin of the basis was right, and a recipient of
// the part without the item erased nothing of the item.
func (n *Notice) Losses(revived []Revived, at time.Time) []chain.Note {
	var out []chain.Note
	n.Notifications = slices.Clone(n.Notifications)
	for i := range n.Notifications {
		t := &n.Notifications[i]
		for j := range revived {
			r := &revived[j]
			if !t.erased(r.Category) || t.At.Before(r.Since) || t.isSpared(r) || slices.Contains(t.Lost, r.Category) {
				continue
			}
			t.Lost = append(slices.Clip(t.Lost), r.Category)
			out = append(out, n.loss(t, r.Category, r.Since, at))
		}
	}
	return out
}

// isSpared reports whether the recipient received only a part of the deletion, after the retraction of an item.
func (t *Notification) isSpared(r *Revived) bool {
	return t.Narrowed != nil && r.Retracted != nil && !t.Narrowed.Before(*r.Retracted)
}

// loss is the alarm about a category that a recipient erased.
func (n *Notice) loss(t *Notification, category string, begun, at time.Time) chain.Note {
	erased := "has erased"
	if t.outcomeOf(category) != fact.OutcomeDone {
		erased = "may have erased"
	}
	return chain.Note{
		Key: "lost:" + n.Decision + ":" + t.Recipient + ":" + category, At: at, Kind: chain.KindAlarm,
		Items: []rules.Item{{Category: category}},
		Text: fmt.Sprintf("%s %s %s of this person (decision %s, receipt of %s) although a basis is in force again "+
			"since %s: ask the person for the data again", t.Recipient, erased, category, n.Decision,
			t.At.UTC().Format(minute), begun.UTC().Format(minute)),
	}
}

// erased reports whether the recipient erased data of a category, at least in part.
func (t *Notification) erased(category string) bool {
	o := t.outcomeOf(category)
	return o == fact.OutcomeDone || o == fact.OutcomePartial
}

// outcomeOf is the answer for a category.
func (t *Notification) outcomeOf(category string) fact.Outcome {
	if o, ok := t.Categories[category]; ok {
		return o
	}
	return t.Outcome
}
