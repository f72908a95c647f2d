package broker

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// The bounds of what is published in one message, in bytes: a delivery above largest is a message of its own.
const (
	largest     = 8 << 10
	packedBytes = 64 << 10
)

// together returns how many of the first deliveries are one message of at most limit bytes; 1 for a delivery alone. A
// body that nobody could read is a message of its own. The deliveries of a message are of one source.
func together(deliveries []*factv1.Delivery, limit int) int {
	size := 0
	for i, d := range deliveries {
		n := proto.Size(d)
		size += n
		alone := d.GetUnread() != nil || n > largest
		if alone || i == streams.MostPacked || size > min(limit, packedBytes) || d.GetSource() != deliveries[0].GetSource() {
			return max(i, 1)
		}
	}
	return len(deliveries)
}

// beginPacked publishes several deliveries in one message without waiting. A delivery that is published again among
// others is applied again, which has no further effect.
func (b *Broker) beginPacked(deliveries []*factv1.Delivery, to addressing) sending {
	s := sending{deliveries: len(deliveries)}
	data, err := streams.Pack(deliveries)
	if err != nil {
		s.err = err
		return s
	}
	sum := sha256.New()
	for _, d := range deliveries {
		sum.Write([]byte(d.GetId() + "\n"))
	}
	subject, id := to(deliveries[0])
	ack, err := b.send(&nats.Msg{Subject: subject, Data: data}, id+"+"+hex.EncodeToString(sum.Sum(nil)[:16]))
	if err != nil {
		s.err = err
		return s
	}
	s.acks = append(s.acks, ack)
	return s
}
