// Package carry carries decisions to recipients: in order for each person, again and
// again until the recipient has them, and without one recipient holding up another.
package delivery

import (
	"context"
	"time"

	"github.com/rodopath/rodopath/api/stream"
)

// Message is a decision that waits for a recipient.
type Message struct {
	// Sequence is its place in the stream, Stored when it was put there.
	Sequence uint64
	Stored   time.Time
	// Event is the decision, Body its bytes as they stand in the stream.
	Event *stream.Event
	Body  []byte
	// Trace is the W3C trace context in which it was published; empty when there is none.
	Trace string
	// Claim is what keeps it in the queue until it is acknowledged.
	Claim Claim
}

// Claim is a claim on a message of a queue. A claim that was lost acknowledges nothing:
// the message is somebody else's.
type Claim interface {
	Ack() error
}

// Arrival is what a queue has to say: a message; or that the claims on all messages
// before are lost, because somebody else may work this recipient now.
type Arrival struct {
	Message *Message
	Lost    bool
}

// Queue holds what waits for one recipient.
type Queue interface {
	// Run sends what waits to out until the context ends, in the order of the stream.
	// It keeps its claims on what was sent, and gives them back before it returns.
	Run(ctx context.Context, out chan<- Arrival)
}

// Receipts takes down what became of decisions.
type Receipts interface {
	// Publish returns nil when a receipt is durable. The same id is stored once.
	Publish(ctx context.Context, id string, r *stream.Receipt) error
}

// Switch tells which recipients are told nothing any more.
type Switch interface {
	// Disable returns nil when it is durable.
	Disable(ctx context.Context, recipient, reason string) error
	// Off tells since when and why a recipient is disabled.
	Off(recipient string) (since time.Time, reason string, off bool)
	// Changed returns a channel that is closed at the next change of any recipient.
	Changed() <-chan struct{}
}
