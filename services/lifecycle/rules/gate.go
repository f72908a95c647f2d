package rules

import "time"

// Gate reports from when on recipients are notified. A Gate may be used concurrently; the answer for one instant may
// change with an order of the controller.
type Gate interface {
	// Opening returns whether a recipient is notified of decisions of a kind at an instant, and since when.
	Opening(recipient, kind string, at time.Time) Opening
}

// Opening is the state of a gate for one recipient and kind of decision.
type Opening struct {
	// Closed is why the recipient is not notified; empty while the recipient is notified.
	Closed string
	// Since is the instant from which the recipient is notified; zero from the start.
	Since time.Time
	// Delay is how long a deletion waits before the recipient is notified.
	Delay time.Duration
}
