// Package broker makes deliveries durable in JetStream.
package broker

import (
	"context"
	"errors"
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

// patience is how long to wait for JetStream to acknowledge one message.
const patience = 2 * time.Second

// Broker publishes deliveries.
type Broker struct{ js jetstream.JetStream }

// New makes a Broker.
func New(js jetstream.JetStream) *Broker { return &Broker{js} }

// Publish returns nil once JetStream has acknowledged the delivery. A delivery that was published
// before is acknowledged again and kept once. A delivery that is too large for one message is published
// in parts; after a failure all parts are published again, which has no further effect.
//
// A fact that is too large for a message is reported in the quarantine and by an error that does not
// wrap ingest.ErrUnavailable; the other facts are published all the same.
func (b *Broker) Publish(ctx context.Context, d *factv1.Delivery) error {
	maxPayload := b.js.Conn().MaxPayload()
	if maxPayload == 0 {
		return fmt.Errorf("%w: no connection to a server yet", ingest.ErrUnavailable)
	}
	parts, tooLarge := split(d, partSize(maxPayload))
	for _, part := range parts {
		err := b.publish(ctx, part)
		if errors.Is(err, nats.ErrMaxPayload) && b.js.Conn().MaxPayload() != maxPayload {
			return fmt.Errorf("%w: the maximum payload of the server changed: %w", ingest.ErrUnavailable, err)
		}
		if err != nil {
			return err
		}
	}
	if tooLarge > 0 {
		return fmt.Errorf("%d of %d facts are too large for the maximum payload of %d bytes",
			tooLarge, len(d.GetFacts()), maxPayload)
	}
	return nil
}

// publish publishes one message.
func (b *Broker) publish(ctx context.Context, d *factv1.Delivery) error {
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
	_, err = b.js.PublishMsg(ctx, msg, jetstream.WithMsgID(d.GetId()), jetstream.WithRetryAttempts(0))
	switch {
	case err == nil:
		return nil
	case isPermanent(err):
		return fmt.Errorf("publish delivery: %w", err)
	}
	return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
}

// The codes of JetStream for a message and for headers above the maximum size.
const (
	codeMessageTooLarge jetstream.ErrorCode = 10054
	codeHeaderTooLarge  jetstream.ErrorCode = 10097
)

// isPermanent reports whether no later attempt to publish the same message can succeed.
func isPermanent(err error) bool {
	if refused, ok := errors.AsType[*jetstream.APIError](err); ok {
		return refused.ErrorCode == codeMessageTooLarge || refused.ErrorCode == codeHeaderTooLarge
	}
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		errors.Is(err, nats.ErrBadHeaderMsg)
}
