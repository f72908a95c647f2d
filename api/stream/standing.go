package stream

import (
	"slices"
	"time"
)

// State is the state of a published decision at the moment of a delivery.
type State string

// The states of a published decision.
const (
	// StateStanding: the decision holds as published.
	StateStanding State = "standing"
	// StateNarrowed: a part of the deletion holds; Standing lists the part.
	StateNarrowed State = "narrowed"
	// StateRetracted: nothing of the decision holds, and no delivery may follow.
	StateRetracted State = "retracted"
	// StateClosed: the question is answered or has expired, and no delivery may follow.
	StateClosed State = "closed"
	// StateUnknown: the decision is not known to lifecycle.
	StateUnknown State = "unknown"
)

// Check asks lifecycle before a delivery whether a decision still holds.
type Check struct {
	// Items are the items of the event; empty for a question.
	Items []Item `json:"items"`
}

// Standing is the answer to a Check, evaluated at that moment.
type Standing struct {
	State State `json:"state"`
	// At is the instant of the evaluation.
	At time.Time `json:"at"`
	// Items are the items of the Check that must still be deleted, Scope is the scope of their
	// deletion, and Retained lists the items that may be held now.
	Items    []Item         `json:"items,omitempty"`
	Scope    string         `json:"scope,omitempty"`
	Retained []RetainedItem `json:"stays,omitempty"`
}

// Narrowed returns the event with the part of the deletion that holds according to the standing, and the
// event itself when the deletion holds as published. A deletion is narrowed also when further data may be
// held than at its publication. Narrowed never widens a deletion.
func (e *Event) Narrowed(s *Standing) *Event {
	d := e.Data.Delete
	if d == nil {
		return e
	}
	scope := d.Scope
	if s.Scope != "" && s.Scope != scope && s.Scope == "part" {
		scope = s.Scope
	}
	retains := func(r RetainedItem) bool {
		return slices.ContainsFunc(
			d.Retained,
			func(x RetainedItem) bool { return x.Category == r.Category && x.Ref == r.Ref },
		)
	}
	known := !slices.ContainsFunc(s.Retained, func(r RetainedItem) bool { return !retains(r) })
	if len(s.Items) == len(d.Items) && scope == d.Scope && known {
		return e
	}
	narrowed, deletion := *e, *d
	deletion.Items, deletion.Scope, deletion.Retained = s.Items, scope, append([]RetainedItem{}, s.Retained...)
	narrowed.Data.Delete = &deletion
	return &narrowed
}
