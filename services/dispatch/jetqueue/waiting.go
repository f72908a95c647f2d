package jetqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// Waiting counts the queued decisions of each recipient, including decisions for others that are
// not read yet.
func Waiting(ctx context.Context, js jetstream.JetStream) (map[string]int, error) {
	s, err := js.Stream(ctx, stream.Decisions)
	if err != nil {
		return nil, fmt.Errorf("count queued decisions: %w", err)
	}
	out := map[string]int{}
	list := s.ListConsumers(ctx)
	for info := range list.Info() {
		if id, ours := strings.CutPrefix(info.Name, Name("")); ours {
			out[id] = int(info.NumPending) + info.NumAckPending //nolint:gosec // no stream is that long
		}
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("count queued decisions: %w", err)
	}
	return out, nil
}

// DryRun visits queued and new decisions in order until the end of the context, without
// acknowledgements and without a change of the recipient's position.
func (q *Queue) DryRun(ctx context.Context, visit func(ctx context.Context, m *delivery.Message)) {
	next := uint64(0)
	for ctx.Err() == nil {
		if err := q.dryRun(ctx, &next, visit); err != nil && ctx.Err() == nil {
			q.opts.Log.Warn("the queue of a recipient is unreadable; the next attempt follows", "error", err)
		}
		loop.Sleep(ctx, time.Second)
	}
}

// dryRun visits messages from a sequence number on and advances the number; 0 is the position of
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
		FilterSubjects: []string{
			stream.AllDecisions,
		},
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   *next,
	})
	if err != nil {
		return fmt.Errorf("dry run for %s: %w", q.opts.Recipient, err)
	}
	msgs, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("dry run for %s: %w", q.opts.Recipient, err)
	}
	defer msgs.Stop()
	for {
		msg, err := msgs.Next(jetstream.NextContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue
		}
		if err != nil {
			return fmt.Errorf("dry run for %s: %w", q.opts.Recipient, err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("dry run for %s: %w", q.opts.Recipient, err)
		}
		*next = meta.Sequence.Stream + 1
		if event, err := stream.DecodeEvent(msg.Data()); err == nil && q.concerns(event) {
			visit(ctx, &delivery.Message{Sequence: meta.Sequence.Stream, Stored: meta.Timestamp, Event: event, Body: msg.Data()})
		}
	}
}
