package stream

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
	// Items are the items of the Check that must still be deleted, Scope is the scope of their
	// deletion, and Retained lists the items that may be held now.
	Items    []Item         `json:"items,omitempty"`
	Scope    string         `json:"scope,omitempty"`
	Retained []RetainedItem `json:"stays,omitempty"`
}
