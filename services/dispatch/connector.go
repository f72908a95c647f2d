// Package dispatch delivers decisions to recipients and records their receipts.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/api/stream"
)

// Connector brings decisions to one recipient.
type Connector interface {
	// Deliver delivers a decision. body is the event in the bytes of the stream. The outcome of the
	// answer is stream.OutcomeSent when the recipient received the decision and answers later, or
	// the result when the connector carries out the decision. Deliver is idempotent. An error means
	// that the result is unknown and another attempt follows, except for ErrGone, which disables
	// the recipient.
	Deliver(ctx context.Context, e *stream.Event, body []byte) (Answer, error)
}

// Answer is the result of a delivery.
type Answer struct {
	// Outcome is one of the stream.Outcome constants.
	Outcome string
	// Categories holds the outcomes of single categories that differ.
	Categories map[string]string
	// Reason is the reason of the outcome, without names.
	Reason string
	// LookAgain is the instant from which the obstacle of held data has lapsed, so that another delivery of the
	// decision can do more; nil when every obstacle needs a person.
	LookAgain *time.Time
	// Remark is a notice for the operator of the recipient about a successful delivery, such as an
	// invalid answer.
	Remark string
}

// ErrGone means that the recipient wants nothing any more (HTTP 410).
var ErrGone = errors.New("the recipient answered that it is permanently gone (410)")

// RefusalError is an error of one decision at a recipient that answers: the recipient refuses this call, and other
// calls may succeed. The circuit breaker does not count a RefusalError.
type RefusalError struct{ Err error }

// Error returns the answer of the recipient.
func (e *RefusalError) Error() string { return e.Err.Error() }

// Unwrap returns the answer of the recipient.
func (e *RefusalError) Unwrap() error { return e.Err }

// Wait is an error of a recipient with the time of the next attempt (Retry-After).
type Wait struct { //nolint:errname // named after its instruction
	// After is how long to wait at least.
	After time.Duration
	Err   error
}

// Error returns the answer of the recipient.
func (w *Wait) Error() string {
	return fmt.Sprintf("%v; the recipient requests a wait of %s", w.Err, w.After)
}

// Unwrap returns the answer of the recipient.
func (w *Wait) Unwrap() error { return w.Err }
