package jetqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/internal/delivery"
)

// Waiting tells how many decisions wait in the queue of each recipient, those for others
// included that were not looked at yet.
func Waiting(ctx context.Context, js jetstream.JetStream) (map[string]int, error) {
	s, err := js.Stream(ctx, stream.Decisions)
	if err != nil {
		return nil, fmt.Errorf("count what waits for recipients: %w", err)
	}
	out := map[string]int{}
	list := s.ListConsumers(ctx)
	for info := range list.Info() {
		if id, ours := strings.CutPrefix(info.Name, Name("")); ours {
			out[id] = int(info.NumPending) + info.NumAckPending //nolint:gosec // no stream is that long
		}
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("count what waits for recipients: %w", err)
	}
	return out, nil
}

// DryRun visits what waits for the recipient and what comes, in order, until the
// context ends. Nothing is acknowledged, and the recipient's place is kept.
func (q *Queue) DryRun(ctx context.Context, visit func(ctx context.Context, m *delivery.Message)) {
	next := uint64(0)
	for ctx.Err() == nil {
		if err := q.dryRun(ctx, &next, visit); err != nil && ctx.Err() == nil {
			q.opts.Log.Warn("the queue of a recipient cannot be read; trying again", "error", err)
		}
		pause(ctx, time.Second)
	}
}

// dryRun visits messages from a place on, which it moves forward; 0 is the place of
// the recipient.
func (q *Queue) dryRun(ctx context.Context, next *uint64, visit func(ctx context.Context, m *delivery.Message)) error {
	durable, err := q.Ensure(ctx)
	if err != nil {
		return err
	}
	if *next == 0 {
		*next = durable.CachedInfo().AckFloor.Stream + 1
	}
	consumer, err := q.opts.JetStream.OrderedConsumer(ctx, stream.Decisions, jetstream.OrderedConsumerConfig{
		FilterSubjects: q.subjects(), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *next,
	})
	if err != nil {
		return fmt.Errorf("rehearse for %s: %w", q.opts.Recipient, err)
	}
	msgs, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("rehearse for %s: %w", q.opts.Recipient, err)
	}
	defer msgs.Stop()
	for {
		msg, err := msgs.Next(jetstream.NextContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue
		}
		if err != nil {
			return fmt.Errorf("rehearse for %s: %w", q.opts.Recipient, err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("rehearse for %s: %w", q.opts.Recipient, err)
		}
		*next = meta.Sequence.Stream + 1
		if event, err := stream.DecodeEvent(msg.Data()); err == nil && event.For(q.opts.Recipient) {
			visit(ctx, &delivery.Message{Sequence: meta.Sequence.Stream, Stored: meta.Timestamp, Event: event, Body: msg.Data()})
		}
	}
}
