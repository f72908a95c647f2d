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
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// patience is how long to wait for the acknowledgements of JetStream.
const patience = 2 * time.Second

// Options configure a Broker.
type Options struct {
	// Partitions is the number of partitions of the installation; 0 means 1.
	Partitions int
	// Packed publishes small deliveries that wait together in one message, which costs the server a fraction. Only a
	// lifecycle of this version reads such messages. Installations with several partitions have none of them.
	Packed bool
}

// Broker publishes deliveries.
type Broker struct {
	js   jetstream.JetStream
	opts Options
}

// New makes a Broker.
func New(js jetstream.JetStream, opts Options) *Broker { return &Broker{js, opts} }

// Publish returns nil once JetStream has acknowledged the delivery. A delivery that was published
// before is acknowledged again and kept once. A delivery that is too large for one message is published
// in parts; after a failure all parts are published again, which has no further effect.
//
// A fact that is too large for a message is reported in the quarantine and by an error that does not
// wrap ingest.ErrUnavailable; the other facts are published all the same.
func (b *Broker) Publish(ctx context.Context, d *factv1.Delivery) error {
	return b.PublishAll(ctx, []*factv1.Delivery{d})[0]
}

// PublishAll publishes deliveries in order, as Publish does, and waits for the acknowledgements together.
// The errors are in the order of the deliveries. A delivery may be stored although an earlier one has an
// error.
func (b *Broker) PublishAll(ctx context.Context, deliveries []*factv1.Delivery) []error {
	return b.publishAll(ctx, deliveries, b.address, b.opts.Packed && b.opts.Partitions <= 1)
}

// PublishTo publishes deliveries to one subject in place of that of their facts, with ids of the subject alone.
func (b *Broker) PublishTo(ctx context.Context, subject string, deliveries []*factv1.Delivery) []error {
	return b.publishAll(
		ctx,
		deliveries,
		func(d *factv1.Delivery) (string, string) { return subject, subject + ":" + d.GetId() },
		false,
	)
}

// addressing returns the subject and the id of the message of a delivery.
type addressing func(d *factv1.Delivery) (subject, id string)

// address is that of FACTS.
func (b *Broker) address(d *factv1.Delivery) (subject, id string) {
	return streams.FactsSubject(d, b.opts.Partitions), d.GetId()
}

func (b *Broker) publishAll(ctx context.Context, deliveries []*factv1.Delivery, to addressing, packed bool) []error {
	errs := make([]error, len(deliveries))
	maxPayload := b.js.Conn().MaxPayload()
	if maxPayload == 0 {
		for i := range errs {
			errs[i] = fmt.Errorf("%w: no connection to a server yet", ingest.ErrUnavailable)
		}
		return errs
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sent []sending
	for rest := deliveries; len(rest) > 0; {
		n := 1
		if packed {
			n = together(rest, partSize(maxPayload))
		}
		if n > 1 {
			sent = append(sent, b.beginPacked(rest[:n], to))
		} else {
			sent = append(sent, b.begin(rest[0], maxPayload, to))
		}
		rest = rest[n:]
	}
	i := 0
	for _, s := range sent {
		err := s.wait(ctx)
		if errors.Is(err, nats.ErrMaxPayload) && b.js.Conn().MaxPayload() != maxPayload {
			err = fmt.Errorf("%w: the maximum payload of the server changed: %w", ingest.ErrUnavailable, err)
		}
		for range s.deliveries {
			errs[i] = err
			i++
		}
	}
	return errs
}

// sending is a delivery, or several of one message, whose acknowledgements are awaited.
type sending struct {
	deliveries int
	acks       []jetstream.PubAckFuture
	// err is why not every part was sent; refused is why the delivery can never be stored as a whole.
	err, refused error
}

// begin publishes a delivery without waiting.
func (b *Broker) begin(d *factv1.Delivery, maxPayload int64, to addressing) sending {
	s := sending{deliveries: 1}
	parts, tooLarge := split(d, partSize(maxPayload))
	for _, part := range parts {
		ack, err := b.publish(part, to)
		if err != nil {
			s.err = err
			return s
		}
		s.acks = append(s.acks, ack)
	}
	if tooLarge > 0 {
		s.refused = fmt.Errorf("%d of %d facts are too large for the maximum payload of %d bytes",
			tooLarge, len(d.GetFacts()), maxPayload)
	}
	return s
}

// wait returns nil once every part is acknowledged.
func (s *sending) wait(ctx context.Context) error {
	for _, ack := range s.acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return classified(err)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ingest.ErrUnavailable, context.Cause(ctx))
		}
	}
	if s.err != nil {
		return s.err
	}
	return s.refused
}

// publish publishes one message.
func (b *Broker) publish(d *factv1.Delivery, to addressing) (jetstream.PubAckFuture, error) {
	data, err := proto.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode delivery: %w", err)
	}
	subject, id := to(d)
	msg := &nats.Msg{Subject: subject, Data: data}
	if d.GetTraceparent() != "" {
		msg.Header = nats.Header{trace.Header: {d.GetTraceparent()}}
	}
	return b.send(msg, id)
}

// send sends a message without waiting.
func (b *Broker) send(msg *nats.Msg, id string) (jetstream.PubAckFuture, error) {
	ack, err := b.js.PublishMsgAsync(msg, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0),
		jetstream.WithStallWait(patience))
	if err != nil {
		return nil, classified(err)
	}
	return ack, nil
}

// classified marks an error as passing, unless no later attempt to publish the same message can succeed.
func classified(err error) error {
	if streams.IsFinal(err) {
		return fmt.Errorf("publish delivery: %w", err)
	}
	return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
}
