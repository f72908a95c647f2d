package natsio

import (
	"context"
	"fmt"
	"maps"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// movedHeader marks a delivery that was passed to the partition of its person, where it stays.
const movedHeader = "Rodopath-Moved"

// pass passes deliveries to the partitions of their persons, and returns those that stay. The partition of a delivery
// without an address follows from another name, while the other deliveries about the person go by the address; and what
// was published without a slot has no partition. What cannot be passed stays: the result is the same in each partition.
func (f *Feed) pass(ctx context.Context, batch []taken) []taken {
	if f.Partition.Of <= 1 || f.Homes == nil {
		return batch
	}
	homes, err := f.homes(ctx, batch)
	if err != nil {
		f.Log.Warn("the partitions of some persons are not known; their facts are applied here", "error", err)
		return batch
	}
	acks := map[int]jetstream.PubAckFuture{}
	for i, one := range batch {
		slot, known := streams.AddressSlot(homes[i])
		if !known || f.Partition.has(slot) || one.msg.deliveries > 1 {
			continue
		}
		if ack, err := f.republish(one, slot); err == nil {
			acks[i] = ack
		}
	}
	stay := make([]taken, 0, len(batch))
	for i, one := range batch {
		if ack := acks[i]; ack == nil || awaitStored(ctx, ack) != nil {
			stay = append(stay, one)
			continue
		}
		steps{one.span}.fail("passed")
		_ = one.msg.Ack() // otherwise the delivery is passed, or applied, once more
	}
	return stay
}

// homes returns the first address of the person of each delivery; empty for a delivery that was passed here.
func (f *Feed) homes(ctx context.Context, batch []taken) ([]string, error) {
	out := make([]string, len(batch))
	var places []int
	var weak []*factv1.Delivery
	for i, one := range batch {
		if one.msg.Headers().Get(movedHeader) != "" {
			continue
		}
		if out[i] = streams.Address(one.delivery); out[i] == "" {
			places, weak = append(places, i), append(weak, one.delivery)
		}
	}
	if len(weak) == 0 {
		return out, nil
	}
	found, err := f.Homes(ctx, weak)
	if err != nil {
		return nil, err
	}
	for i, home := range found {
		out[places[i]] = home
	}
	return out, nil
}

// republish publishes a delivery on the subject of a slot.
func (f *Feed) republish(one taken, slot int) (jetstream.PubAckFuture, error) {
	meta, err := one.msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("pass a delivery: %w", err)
	}
	msg := &nats.Msg{
		Subject: stream.FactsIn(one.delivery.GetSource(), slot), Data: one.msg.Data(), Header: nats.Header{},
	}
	maps.Copy(msg.Header, one.msg.Headers())
	msg.Header.Set(movedHeader, "1")
	// A message id of its own: the stream knows that of the delivery.
	return f.JetStream.PublishMsgAsync(msg, jetstream.WithMsgID(fmt.Sprintf("passed:%d", meta.Sequence.Stream)))
}

// awaitStored returns nil once the stream has a message.
func awaitStored(ctx context.Context, ack jetstream.PubAckFuture) error {
	select {
	case <-ack.Ok():
		return nil
	case err := <-ack.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
