package natsio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
	"github.com/rodopath/rodopath/services/lifecycle/background"
)

// Events publishes and reads decisions.
type Events struct {
	JetStream jetstream.JetStream
	// Sync makes published events durable; nil means that JetStream does.
	Sync streams.Sync
}

// PublishEvents publishes events; nil means that all events are durable. The stream deduplicates by
// the id of the event.
func (e *Events) PublishEvents(ctx context.Context, events []*stream.Event) error {
	acks := make([]jetstream.PubAckFuture, 0, len(events))
	for _, event := range events {
		msg, err := messageOf(event)
		if err != nil {
			return err
		}
		ack, err := e.JetStream.PublishMsgAsync(msg, jetstream.WithMsgID(messageID(event)))
		if err != nil {
			return publishError(event, err)
		}
		acks = append(acks, ack)
	}
	for i, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			if streams.IsInProcess(err) {
				err = e.publishAgain(ctx, events[i])
			}
			if err != nil {
				return publishError(events[i], err)
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", background.ErrUnavailable, ctx.Err())
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := e.Sync.Do(ctx, stream.Decisions); err != nil {
		return fmt.Errorf("%w: %w", background.ErrUnavailable, err)
	}
	return nil
}

// messageOf is the message of an event.
func messageOf(event *stream.Event) (*nats.Msg, error) {
	data, err := event.Encode()
	if err != nil {
		return nil, err
	}
	msg := nats.NewMsg(stream.DecisionFor(event.Data.Kind, event.Subject))
	msg.Data = data
	msg.Header.Set("Content-Type", stream.ContentType)
	if event.Traceparent != "" {
		msg.Header.Set(trace.Header, event.Traceparent)
	}
	return msg, nil
}

// againTries bounds the attempts to publish an event whose earlier copy is not decided yet.
const againTries = 6

// publishAgain publishes an event until the stream has decided about its earlier copy.
func (e *Events) publishAgain(ctx context.Context, event *stream.Event) error {
	_, err := backoff.Retry(ctx, func() (*jetstream.PubAck, error) {
		msg, err := messageOf(event)
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		ack, err := e.JetStream.PublishMsg(ctx, msg, jetstream.WithMsgID(messageID(event)))
		if err != nil && !streams.IsInProcess(err) {
			return nil, backoff.Permanent(err)
		}
		return ack, err
	}, backoff.WithBackOff(backoff.NewExponentialBackOff()), backoff.WithMaxTries(againTries))
	return err
}

// publishError marks an error of the broker as passing, unless the event is at fault.
func publishError(e *stream.Event, err error) error {
	if streams.IsFinal(err) {
		return fmt.Errorf("publish event %s: %w", e.ID, err)
	}
	return fmt.Errorf("publish event %s: %w: %w", e.ID, background.ErrUnavailable, err)
}

// messageID returns the id of the decision; a replay has an id of its own.
func messageID(e *stream.Event) string {
	if r := e.Data.Replay; r != nil {
		return e.ID + ":" + r.Recipient + ":" + r.At.UTC().Format(time.RFC3339Nano)
	}
	return e.ID
}

// Read visits events in order, from the oldest one. Read returns after the newest event; with
// follow set, Read waits for new events until the context ends.
func (e *Events) Read(ctx context.Context, follow bool, visit func(data []byte) error) error {
	return e.read(ctx, jetstream.OrderedConsumerConfig{}, follow, visit)
}

// Since visits the events that the stream received since an instant, in order.
func (e *Events) Since(ctx context.Context, at time.Time, visit func(*stream.Event) error) error {
	config := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &at}
	return e.read(ctx, config, false, func(data []byte) error {
		event, err := stream.DecodeEvent(data)
		if err != nil {
			return err
		}
		return visit(event)
	})
}

func (e *Events) read(
	ctx context.Context, config jetstream.OrderedConsumerConfig, follow bool, visit func(data []byte) error,
) error {
	s, err := e.JetStream.Stream(ctx, stream.Decisions)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if s.CachedInfo().State.Msgs == 0 && !follow {
		return nil
	}
	consumer, err := s.OrderedConsumer(ctx, config)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if info, err := consumer.Info(ctx); !follow && (err != nil || info.NumPending == 0) {
		return err
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

// PurgeEvents removes and overwrites the events of the given decisions about a subject.
func (e *Events) PurgeEvents(ctx context.Context, subject string, decisions []string) error {
	return e.of(ctx, subject, func(s jetstream.Stream, seq uint64, event *stream.Event) error {
		if !slices.Contains(decisions, event.ID) {
			return nil
		}
		return removeMessage(ctx, s, seq)
	})
}

// removeMessage removes and overwrites a message. A message that is gone already, perhaps by the attempt of another
// replica, is no error.
func removeMessage(ctx context.Context, s jetstream.Stream, seq uint64) error {
	err := s.SecureDeleteMsg(ctx, seq)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	if _, missing := s.GetMsg(ctx, seq); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}

// EventsOf returns the events about a subject in the stream.
func (e *Events) EventsOf(ctx context.Context, subject string) ([]*stream.Event, error) {
	var out []*stream.Event
	err := e.of(ctx, subject, func(_ jetstream.Stream, _ uint64, event *stream.Event) error {
		out = append(out, event)
		return nil
	})
	return out, err
}

// of visits the events about a subject in the stream.
func (e *Events) of(
	ctx context.Context,
	subject string,
	visit func(s jetstream.Stream, seq uint64, event *stream.Event) error,
) error {
	s, err := e.JetStream.Stream(ctx, stream.Decisions)
	if err != nil {
		return fmt.Errorf("read events of %s: %w: %w", subject, background.ErrUnavailable, err)
	}
	for _, kind := range []stream.Kind{stream.KindDelete, stream.KindAskConsent, stream.KindRetract} {
		for _, on := range []string{stream.DecisionFor(kind, subject), stream.FormerDecisionFor(kind, subject)} {
			if err := visitOn(ctx, s, on, subject, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// visitOn visits the events about a person on a subject of the stream.
func visitOn(
	ctx context.Context, s jetstream.Stream, on, person string,
	visit func(s jetstream.Stream, seq uint64, event *stream.Event) error,
) error {
	for seq := uint64(1); ; seq++ {
		msg, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(on))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events of %s: %w: %w", person, background.ErrUnavailable, err)
		}
		seq = msg.Sequence
		event, err := stream.DecodeEvent(msg.Data)
		if err == nil && event.Subject == person {
			err = visit(s, seq, event)
		}
		if err != nil {
			return fmt.Errorf("event %d: %w", seq, err)
		}
	}
}
