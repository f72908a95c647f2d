// Package delivery delivers decisions to recipients: in order for each person, with repeated
// attempts, and independently for each recipient.
package delivery

import (
	"context"
	"time"

	"github.com/rodopath/rodopath/api/stream"
)

// Message is a decision that waits for a recipient.
type Message struct {
	// Sequence is the sequence number in the stream, Stored the time of the publication.
	Sequence uint64
	Stored   time.Time
	// Event is the decision, Body its bytes in the stream.
	Event *stream.Event
	Body  []byte
	// Trace is the W3C trace context of the publication; empty without one.
	Trace string
	// Redelivered reports whether another claim on the message came before, so that the recipient may have
	// received the decision.
	Redelivered bool
	// Claim holds the message in the queue until its acknowledgement.
	Claim Claim
	// narrowedAt is the instant of the check that narrowed the deletion, by the clock of lifecycle; zero for a
	// whole decision.
	narrowedAt time.Time
	// retained are the items that may be held, as the check answered; nil without a check.
	retained []stream.RetainedItem
}

// Claim is a claim on a message of a queue. A lost claim acknowledges nothing: another process owns
// the message.
type Claim interface {
	Ack() error
}

// Arrival is an event of a queue: a message, or the loss of all earlier claims, because another
// process may serve the recipient.
type Arrival struct {
	Message *Message
	Lost    bool
}

// Queue holds the decisions for one recipient.
type Queue interface {
	// Run sends messages to out in stream order until the end of the context. Run keeps its claims
	// on sent messages and releases the claims before it returns.
	Run(ctx context.Context, out chan<- Arrival)
}

// Receipts publishes the receipts of decisions.
type Receipts interface {
	// Publish returns nil when a receipt is durable. The same id is stored once.
	Publish(ctx context.Context, id string, r *stream.Receipt) error
}

// Switch records disabled recipients.
type Switch interface {
	// Disable returns nil once the record is durable.
	Disable(ctx context.Context, recipient, reason string) error
	// Off reports whether a recipient is disabled, since when and why.
	Off(recipient string) (since time.Time, reason string, off bool)
	// Changed returns a channel that is closed at the next change of any recipient.
	Changed() <-chan struct{}
}
