package natsio

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// DecodeFacts reads a message of the stream of facts, which may hold several deliveries.
func DecodeFacts(_ context.Context, msg jetstream.Msg) ([]*factv1.Delivery, error) {
	deliveries, err := streams.Unpack(msg.Data())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return deliveries, nil
}

// FactPublisher publishes facts.
type FactPublisher struct {
	JetStream jetstream.JetStream
	// Sync makes published facts durable; nil means that JetStream does.
	Sync streams.Sync
	// Partitions is the number of partitions of the installation; 0 means 1.
	Partitions int
}

// Publish publishes a delivery to the stream of facts; nil means that the delivery is durable.
func (t *FactPublisher) Publish(ctx context.Context, d *factv1.Delivery) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("publish facts: %w", err)
	}
	if _, err := t.JetStream.Publish(
		ctx,
		streams.FactsSubject(d, t.Partitions),
		data,
		jetstream.WithMsgID(d.GetSource()+":"+d.GetId()),
	); err != nil {
		return fmt.Errorf("publish facts: %w", err)
	}
	if err := t.Sync.Do(ctx, stream.Facts); err != nil {
		return fmt.Errorf("publish facts: %w", err)
	}
	return nil
}
