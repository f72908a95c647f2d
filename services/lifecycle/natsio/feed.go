// Package natsio connects the lifecycle to JetStream: facts and receipts are consumed, events are
// published.
package natsio

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// consumerName is the durable consumer shared by all replicas.
const consumerName = "lifecycle"

const (
	// batch is the maximum number of messages applied together.
	batch = 500
	// ackWait is the time until redelivery of a batch without acknowledgement.
	ackWait = 15 * time.Second
	// idle is the wait for the first message of a batch.
	idle = 5 * time.Second
	// retry is the pause after a failure.
	retry = time.Second
)

// Apply applies deliveries; nil means that the facts are durable.
type Apply func(ctx context.Context, deliveries []*factv1.Delivery) error

// ErrUnreadable means that a message can never be applied.
var ErrUnreadable = errors.New("message cannot be applied")

// Decode decodes a delivery from a message. A message with an error that wraps ErrUnreadable
// becomes a dead letter; after any other error the message is redelivered.
type Decode func(ctx context.Context, msg jetstream.Msg) (*factv1.Delivery, error)

// Feed consumes a work queue and applies its messages in batches. Applied messages are
// acknowledged; the others are redelivered.
type Feed struct {
	JetStream jetstream.JetStream
	// Stream is the name of the work queue.
	Stream string
	Decode Decode
	Apply  Apply
	// Alone reports whether no other process consumes the stream. Messages of a killed process are
	// then redelivered at once instead of after ackWait.
	Alone bool
	// Tracer starts a span for each message; nil only passes trace ids on.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// Run feeds until the context ends.
func (f *Feed) Run(ctx context.Context) {
	batches := make(chan []jetstream.Msg)
	go func() {
		defer close(batches)
		f.fetch(ctx, batches)
	}()
	for msgs := range batches {
		f.apply(ctx, msgs)
	}
}

// fetch reads ahead by one batch while the one before is applied.
func (f *Feed) fetch(ctx context.Context, out chan<- []jetstream.Msg) {
	if f.Alone {
		err := f.JetStream.DeleteConsumer(ctx, f.Stream, consumerName)
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			f.Log.Warn("messages of an earlier process are redelivered later", "error", err)
		}
	}
	for ctx.Err() == nil {
		consumer, err := f.JetStream.CreateOrUpdateConsumer(ctx, f.Stream, jetstream.ConsumerConfig{
			Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
			MaxAckPending: 8 * batch, Description: "applies facts to subjects",
		})
		for err == nil && ctx.Err() == nil {
			var msgs []jetstream.Msg
			if msgs, err = next(ctx, consumer); len(msgs) > 0 {
				select {
				case out <- msgs:
				case <-ctx.Done():
				}
			}
		}
		if err != nil && ctx.Err() == nil {
			f.Log.Error("the stream cannot be read; the next attempt follows", "stream", f.Stream, "error", err)
			loop.Sleep(ctx, retry)
		}
	}
}

// next returns the waiting messages up to a batch, or waits for one message.
func next(ctx context.Context, consumer jetstream.Consumer) ([]jetstream.Msg, error) {
	msgs, err := collect(consumer.FetchNoWait(batch))
	if err != nil || len(msgs) > 0 {
		return msgs, err
	}
	wait, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	msg, err := consumer.Next(jetstream.FetchContext(wait))
	switch {
	case err == nil:
		return []jetstream.Msg{msg}, nil
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return nil, nil
	}
	return nil, err
}

func collect(b jetstream.MessageBatch, err error) ([]jetstream.Msg, error) {
	if err != nil {
		return nil, err
	}
	var msgs []jetstream.Msg
	for msg := range b.Messages() {
		msgs = append(msgs, msg)
	}
	if err := b.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) && len(msgs) == 0 {
		return nil, err
	}
	return msgs, nil
}

// apply applies one batch. An unreadable message becomes a dead letter, so that the other messages
// are not blocked; the log has its sequence number.
func (f *Feed) apply(ctx context.Context, msgs []jetstream.Msg) {
	deliveries := make([]*factv1.Delivery, 0, len(msgs))
	good := msgs[:0:0]
	spans := make(steps, 0, len(msgs))
	for _, msg := range msgs {
		in, span := f.begin(ctx, msg)
		d, err := f.Decode(in, msg)
		switch {
		case errors.Is(err, ErrUnreadable):
			f.terminate(in, msg, err)
			steps{span}.fail("put_aside")
			continue
		case err != nil:
			trace.Log(in, f.Log).Error("a message was not applied and is redelivered", "stream", f.Stream, "error", err)
			_ = msg.NakWithDelay(retry)
			steps{span}.fail("again")
			continue
		}
		d.Traceparent = trace.Parent(in)
		deliveries, good, spans = append(deliveries, d), append(good, msg), append(spans, span)
	}
	if err := f.Apply(ctx, deliveries); err != nil {
		spans.fail("again")
		if ctx.Err() == nil {
			f.Log.Error("facts were not applied and are redelivered", "webhooks", len(good), "error", err)
		}
		for _, msg := range good {
			_ = msg.NakWithDelay(retry) // otherwise redelivery follows after ackWait
		}
		loop.Sleep(ctx, retry)
		return
	}
	spans.end(deliveries)
	for _, msg := range good {
		if err := msg.Ack(); err != nil {
			f.Log.Warn("an applied webhook was not acknowledged; the redelivery has no further effect", "error", err)
		}
	}
}

func (f *Feed) terminate(ctx context.Context, msg jetstream.Msg, cause error) {
	var seq uint64
	if meta, err := msg.Metadata(); err == nil {
		seq = meta.Sequence.Stream
	}
	trace.Log(ctx, f.Log).
		Error("a message cannot be applied and is set aside as a dead letter", "stream", f.Stream, "sequence", seq, "error", cause)
	_ = msg.TermWithReason("cannot be read") // redelivered if the termination is lost
}
