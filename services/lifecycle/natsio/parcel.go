package natsio

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// parcel is a message of one or several deliveries, each of which is acknowledged on its own. The message is
// acknowledged once all of them are, and redelivered as a whole after one failed, unless that one has a message of its
// own meanwhile: the others are applied again, which has no further effect.
type parcel struct {
	jetstream.Msg

	deliveries, settled int
	// again reports whether a delivery failed, and pause is the longest pause of those that failed.
	again bool
	pause time.Duration
}

// Ack acknowledges one delivery.
func (p *parcel) Ack() error { return p.settle() }

// NakWithDelay lets one delivery come again after a pause.
func (p *parcel) NakWithDelay(pause time.Duration) error {
	p.again, p.pause = true, max(p.pause, pause)
	return p.settle()
}

// settle notes the end of a delivery, and ends the message with the last one.
func (p *parcel) settle() error {
	p.settled++
	switch {
	case p.settled < p.deliveries:
		return nil
	case p.again:
		return p.Msg.NakWithDelay(p.pause)
	}
	return p.Msg.Ack()
}
