// Package jetqueue keeps the queues of recipients, their receipts and their switches in JetStream.
package jetqueue

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// Options configure a Queue.
type Options struct {
	JetStream jetstream.JetStream
	// Recipient is the id of the recipient.
	Recipient string
	// Takes are the accepted kinds of decisions.
	Takes []string
	// Claim is the time after which an unrenewed claim expires, and after which another process
	// takes over from a silent one; 0 means 30 seconds.
	Claim time.Duration
	// Held is how many messages are claimed at once; 0 means 1000.
	Held int
	Log  *slog.Logger
}

// Intervals derived from the claim. A process without two heartbeats of the server stops, so that a
// later process never works concurrently.
const (
	beatsPerClaim  = 12
	renewsPerClaim = 6
)

// fetched is how many messages are asked for at once.
const fetched = 250

// group is the only priority group of a consumer. One member is pinned and receives all messages
// until the member falls silent.
const group = "dispatch"

// Name is the name of the durable consumer of a recipient.
func Name(recipient string) string { return "dispatch-" + recipient }

// Queue holds the decisions for one recipient.
type Queue struct{ opts Options }

// New makes a queue.
func New(opts Options) *Queue {
	if opts.Claim == 0 {
		opts.Claim = 30 * time.Second
	}
	if opts.Held == 0 {
		opts.Held = 1000
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Log = opts.Log.With("recipient", opts.Recipient)
	return &Queue{opts}
}

// Ensure creates the durable consumer with the recipient's position in the stream. The consumer has no filter by the
// kind: a decision names its recipients, and with several filters the server searches a block of the stream for each
// message.
func (q *Queue) Ensure(ctx context.Context) (jetstream.Consumer, error) {
	consumer, err := q.opts.JetStream.CreateOrUpdateConsumer(ctx, stream.Decisions, jetstream.ConsumerConfig{
		Durable: Name(q.opts.Recipient), Description: "delivers decisions to " + q.opts.Recipient,
		FilterSubject: stream.AllDecisions, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.opts.Claim, MaxDeliver: -1, MaxAckPending: q.opts.Held,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{group}, PinnedTTL: q.opts.Claim,
	})
	if err != nil {
		return nil, fmt.Errorf("open the queue of %s: %w", q.opts.Recipient, err)
	}
	return consumer, nil
}

// concerns reports whether a decision is for the recipient and of an accepted kind, or retracts one.
func (q *Queue) concerns(e *stream.Event) bool {
	return e.For(q.opts.Recipient) &&
		(e.Data.Kind == stream.KindRetract || slices.Contains(q.opts.Takes, string(e.Data.Kind)))
}
