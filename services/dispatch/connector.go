// Package dispatch brings decisions to the systems that must carry them out, and
// says what became of them.
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
	// Deliver brings a decision there. body is the event as it stands in the stream,
	// byte for byte. The answer's outcome is stream.OutcomeSent where the recipient
	// has it and will answer by itself, or what was done where the connector carries
	// it out. Carrying the same decision again must be harmless. An error means that
	// nothing is known to be done, and that it is to be tried again: unless it is
	// ErrGone, and then nothing more goes to this recipient.
	Deliver(ctx context.Context, e *stream.Event, body []byte) (Answer, error)
}

// Answer is what became of a decision at a recipient.
type Answer struct {
	// Outcome is one of the stream.Outcome constants.
	Outcome string
	// Categories says it for single categories, where they differ.
	Categories map[string]string
	// Reason is why, in a few words that name nobody.
	Reason string
	// Remark is something that whoever runs the recipient should know although the
	// decision got there, such as an answer that could not be taken.
	Remark string
}

// ErrGone means that the recipient wants nothing any more (HTTP 410).
var ErrGone = errors.New("the recipient says that it is gone for good (410)")

// Wait is an error of a recipient that said when to come again (Retry-After).
type Wait struct { //nolint:errname // it says what to do
	// After is how long to wait at least.
	After time.Duration
	Err   error
}

// Error says what the recipient answered.
func (w *Wait) Error() string { return fmt.Sprintf("%v; it asks to wait %s", w.Err, w.After) }

// Unwrap returns what the recipient answered.
func (w *Wait) Unwrap() error { return w.Err }
