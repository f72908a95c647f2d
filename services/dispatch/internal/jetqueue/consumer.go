// Package jetqueue keeps the queues of recipients, their receipts and their switches in
// JetStream.
package jetqueue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// Options say what a Queue runs on.
type Options struct {
	JetStream jetstream.JetStream
	// Recipient is the id of the recipient.
	Recipient string
	// Takes are the kinds of decisions that it takes.
	Takes []string
	// Claim is how long a claim on a message holds without being renewed, and how long
	// another process waits before it takes over from one that fell silent; 0 means 30
	// seconds.
	Claim time.Duration
	// Held is how many messages are claimed at once; 0 means 1000.
	Held int
	Log  *slog.Logger
}

// The times that follow from that of a claim. One who hears nothing for two beats of
// the server stops, so that another who takes over later never works beside him.
const (
	beatsPerClaim  = 12
	renewsPerClaim = 6
)

// fetched is how many messages are asked for at once.
const fetched = 250

// group is the one group of clients that a consumer has. One of it is pinned: it alone
// gets messages, until it falls silent.
const group = "dispatch"

// Name is the name of the durable consumer of a recipient.
func Name(recipient string) string { return "dispatch-" + recipient }

// Queue is what waits for one recipient.
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

// Ensure makes the durable consumer, which keeps the recipient's place in the stream.
func (q *Queue) Ensure(ctx context.Context) (jetstream.Consumer, error) {
	consumer, err := q.opts.JetStream.CreateOrUpdateConsumer(ctx, stream.Decisions, jetstream.ConsumerConfig{
		Durable: Name(q.opts.Recipient), Description: "carries decisions to " + q.opts.Recipient,
		FilterSubjects: q.subjects(), DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.opts.Claim, MaxDeliver: -1, MaxAckPending: q.opts.Held,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{group}, PinnedTTL: q.opts.Claim,
	})
	if err != nil {
		return nil, fmt.Errorf("open the queue of %s: %w", q.opts.Recipient, err)
	}
	return consumer, nil
}

// subjects match the decisions that the recipient takes.
func (q *Queue) subjects() []string {
	out := make([]string, len(q.opts.Takes))
	for i, kind := range q.opts.Takes {
		out[i] = stream.DecisionsOf(kind)
	}
	return out
}
