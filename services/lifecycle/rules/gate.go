package rules

import "time"

// Gate reports from when on recipients are notified. A Gate may be used concurrently; the answer for one instant may
// change with an order of the controller.
type Gate interface {
	// Opening returns since when a recipient is notified of decisions of a kind, and how long a deletion waits before
	// the recipient is notified; false while the recipient is not notified at all.
	Opening(recipient, kind string, at time.Time) (since time.Time, delay time.Duration, open bool)
}
