// Package natsio connects the lifecycle to JetStream: facts come in, events go
// out.
package natsio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
)

// consumerName is the durable consumer that all replicas share.
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

// Facts feeds the facts of the stream to an applier, batch by batch. What was
// applied leaves the stream; what was not stays and comes again.
type Facts struct {
	JetStream jetstream.JetStream
	Apply     Apply
	// Alone tells that no other process reads the facts. What a process that was
	// killed had begun then comes again at once, and not only after a while.
	Alone bool
	Log   *slog.Logger
}

// Run feeds facts until the context ends.
func (f *Facts) Run(ctx context.Context) {
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
func (f *Facts) fetch(ctx context.Context, out chan<- []jetstream.Msg) {
	if f.Alone {
		err := f.JetStream.DeleteConsumer(ctx, stream.Facts, consumerName)
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			f.Log.Warn("what was begun before comes again later", "error", err)
		}
	}
	for ctx.Err() == nil {
		consumer, err := f.JetStream.CreateOrUpdateConsumer(ctx, stream.Facts, jetstream.ConsumerConfig{
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
			f.Log.Error("facts cannot be read; trying again", "error", err)
			rest(ctx)
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
func (f *Facts) apply(ctx context.Context, msgs []jetstream.Msg) {
	deliveries := make([]*factv1.Delivery, 0, len(msgs))
	good := msgs[:0:0]
	for _, msg := range msgs {
		d := &factv1.Delivery{}
		if err := proto.Unmarshal(msg.Data(), d); err != nil {
			f.giveUp(msg, err)
			continue
		}
		deliveries, good = append(deliveries, d), append(good, msg)
	}
	if err := f.Apply(ctx, deliveries); err != nil {
		if ctx.Err() == nil {
			f.Log.Error("facts are not applied; they come again", "webhooks", len(good), "error", err)
		}
		for _, msg := range good {
			_ = msg.NakWithDelay(retry) // without it they come again after ackWait
		}
		rest(ctx)
		return
	}
	for _, msg := range good {
		if err := msg.Ack(); err != nil {
			f.Log.Warn("an applied webhook was not acknowledged; it comes again, harmlessly", "error", err)
		}
	}
}

func (f *Facts) giveUp(msg jetstream.Msg, cause error) {
	var seq uint64
	if meta, err := msg.Metadata(); err == nil {
		seq = meta.Sequence.Stream
	}
	f.Log.Error("a message in the stream of facts cannot be read and is put aside", "sequence", seq, "error", cause)
	_ = msg.TermWithReason("cannot be read") // it comes again if this is lost
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retry):
	}
}

// Tell puts a delivery into the stream of facts and returns nil when it is durable.
func (f *Facts) Tell(ctx context.Context, d *factv1.Delivery) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("tell facts: %w", err)
	}
	if _, err := f.JetStream.Publish(ctx, stream.FactsOf(d.GetSource()), data, jetstream.WithMsgID(d.GetSource()+":"+d.GetId())); err != nil {
		return fmt.Errorf("tell facts: %w", err)
	}
	return nil
}

// Events publishes and reads decisions.
type Events struct{ JetStream jetstream.JetStream }

// PublishEvents publishes events and returns nil when all of them are durable.
// An event that was published before, under the same id, is not stored twice.
func (e *Events) PublishEvents(ctx context.Context, events []*stream.Event) error {
	acks := make([]jetstream.PubAckFuture, 0, len(events))
	for _, event := range events {
		data, err := event.Encode()
		if err != nil {
			return err
		}
		msg := nats.NewMsg(stream.DecisionFor(event.Data.Kind, event.Subject))
		msg.Data = data
		msg.Header.Set("Content-Type", stream.ContentType)
		ack, err := e.JetStream.PublishMsgAsync(msg, jetstream.WithMsgID(event.ID))
		if err != nil {
			return fmt.Errorf("publish event %s: %w", event.ID, err)
		}
		acks = append(acks, ack)
	}
	for i, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("publish event %s: %w", events[i].ID, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Read visits events in order, from the oldest that is kept. It returns after
// the newest one, or goes on when follow is set until the context ends.
func (e *Events) Read(ctx context.Context, follow bool, visit func(data []byte) error) error {
	s, err := e.JetStream.Stream(ctx, stream.Decisions)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	left := s.CachedInfo().State.Msgs
	if left == 0 && !follow {
		return nil
	}
	consumer, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	msgs, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	defer msgs.Stop()
	for {
		msg, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if err := visit(msg.Data()); err != nil {
			return err
		}
		if meta, err := msg.Metadata(); err == nil && meta.NumPending == 0 && !follow {
			return nil
		}
	}
}
