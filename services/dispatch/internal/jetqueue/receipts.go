package jetqueue

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// Receipts publishes receipts. Any number of them are under way at once.
type Receipts struct{ JetStream jetstream.JetStream }

// Publish returns nil when a receipt is durable. The same id is stored once, within the
// time that the stream remembers ids.
func (p Receipts) Publish(ctx context.Context, id string, r *stream.Receipt) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	future, err := p.JetStream.PublishMsgAsync(&nats.Msg{
		Subject: stream.ReceiptsOf(r.Recipient), Data: data,
		Header: nats.Header{jetstream.MsgIDHeader: {id}, "Content-Type": {"application/json"}},
	})
	if err != nil {
		return fmt.Errorf("publish receipt of %s: %w", r.Decision, err)
	}
	select {
	case <-future.Ok():
		return nil
	case err := <-future.Err():
		return fmt.Errorf("publish receipt of %s: %w", r.Decision, err)
	case <-ctx.Done():
		return ctx.Err()
	}
}
