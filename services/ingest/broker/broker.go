// Package broker makes deliveries durable in JetStream.
package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// patience is how long to wait for JetStream. MailerLite gives us three seconds
// in all.
const patience = 2 * time.Second

// Broker publishes deliveries.
type Broker struct{ js jetstream.JetStream }

// New makes a Broker.
func New(js jetstream.JetStream) *Broker { return &Broker{js} }

// Publish returns nil once JetStream has acknowledged the delivery. A delivery
// that was published before is acknowledged again and kept once.
func (b *Broker) Publish(ctx context.Context, d *factv1.Delivery) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	msg := &nats.Msg{Subject: stream.FactsOf(d.GetSource()), Data: data}
	if d.GetTraceparent() != "" {
		msg.Header = nats.Header{trace.Header: {d.GetTraceparent()}}
	}
	if _, err := b.js.PublishMsg(ctx, msg, jetstream.WithMsgID(d.GetId()), jetstream.WithRetryAttempts(0)); err != nil {
		return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
	}
	return nil
}
