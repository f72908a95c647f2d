// Package natsio connects the lifecycle to JetStream: facts and receipts come in,
// events go out.
package natsio

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/trace"
)

// consumerName is the durable consumer of a stream that all replicas share.
const consumerName = "lifecycle"

const (
	// batch is how many webhooks are applied at once.
	batch = 500
	// ackWait is how long a batch may take before others get its webhooks too.
	ackWait = 15 * time.Second
	// idle is how long to wait for the first webhook of a batch.
	idle = 5 * time.Second
	// retry is how long to rest after a failure.
	retry = time.Second
)

// Apply applies deliveries; when it returns nil they are stored for good.
type Apply func(ctx context.Context, deliveries []*factv1.Delivery) error

// ErrUnreadable means that a message says nothing that could ever be applied.
var ErrUnreadable = errors.New("message cannot be applied")

// Decode reads a delivery out of a message. What wraps ErrUnreadable is put aside;
// after any other error the message comes again.
type Decode func(ctx context.Context, msg jetstream.Msg) (*factv1.Delivery, error)

// Feed feeds what waits in a work queue to an applier, batch by batch. What was
// applied leaves the stream; what was not stays and comes again.
type Feed struct {
	JetStream jetstream.JetStream
	// Stream is the name of the work queue.
	Stream string
	Decode Decode
	Apply  Apply
	// Alone tells that no other process reads the stream. What a process that was
	// killed had begun then comes again at once, and not only after a while.
	Alone bool
	// Tracer begins a span for each message; nil means that trace ids only go through.
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
			f.Log.Warn("what was begun before comes again later", "error", err)
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
			f.Log.Error("the stream cannot be read; trying again", "stream", f.Stream, "error", err)
			pause(ctx)
		}
	}
}

// next returns all that is waiting, up to a batch, or waits for one webhook.
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

// apply applies one batch. A message that cannot be read is put out of the way,
// so that it does not hold up the others; it is logged by its number.
func (f *Feed) apply(ctx context.Context, msgs []jetstream.Msg) {
	deliveries := make([]*factv1.Delivery, 0, len(msgs))
	good := msgs[:0:0]
	spans := make(steps, 0, len(msgs))
	for _, msg := range msgs {
		in, span := f.begin(ctx, msg)
		d, err := f.Decode(in, msg)
		switch {
		case errors.Is(err, ErrUnreadable):
			f.giveUp(in, msg, err)
			steps{span}.fail("put_aside")
			continue
		case err != nil:
			trace.Log(in, f.Log).Error("a message is not applied; it comes again", "stream", f.Stream, "error", err)
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
			f.Log.Error("facts are not applied; they come again", "webhooks", len(good), "error", err)
		}
		for _, msg := range good {
			_ = msg.NakWithDelay(retry) // without it they come again after ackWait
		}
		pause(ctx)
		return
	}
	spans.end(deliveries)
	for _, msg := range good {
		if err := msg.Ack(); err != nil {
			f.Log.Warn("an applied webhook was not acknowledged; it comes again, harmlessly", "error", err)
		}
	}
}

func (f *Feed) giveUp(ctx context.Context, msg jetstream.Msg, cause error) {
	var seq uint64
	if meta, err := msg.Metadata(); err == nil {
		seq = meta.Sequence.Stream
	}
	trace.Log(ctx, f.Log).Error("a message cannot be applied and is put aside", "stream", f.Stream, "sequence", seq, "error", cause)
	_ = msg.TermWithReason("cannot be read") // it comes again if this is lost
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retry):
	}
}
