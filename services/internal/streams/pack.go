package streams

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// MostPacked is the most deliveries of one message.
const MostPacked = 64

// packed begins a message of several deliveries. No encoding of a delivery begins so: a program that reads one delivery
// from a message refuses the message, and loses nothing.
const packed = 0

// ErrPacked means that a message of several deliveries is damaged.
var ErrPacked = errors.New("a message of several deliveries is damaged")

// Pack returns the data of a message with several deliveries, from 1 to MostPacked.
func Pack(deliveries []*factv1.Delivery) ([]byte, error) {
	data := binary.AppendUvarint([]byte{packed}, uint64(len(deliveries)))
	for _, d := range deliveries {
		data = protowire.AppendVarint(data, uint64(proto.Size(d))) //nolint:gosec // a size
		var err error
		if data, err = (proto.MarshalOptions{UseCachedSize: true}).MarshalAppend(data, d); err != nil {
			return nil, fmt.Errorf("encode delivery: %w", err)
		}
	}
	return data, nil
}

// Packed returns the number of deliveries in the data of a message.
func Packed(data []byte) int {
	if len(data) < 2 || data[0] != packed {
		return 1
	}
	n, _ := binary.Uvarint(data[1:])
	return int(min(max(n, 1), MostPacked))
}

// Unpack returns the deliveries in the data of a message.
func Unpack(data []byte) ([]*factv1.Delivery, error) {
	if len(data) < 2 || data[0] != packed {
		d := &factv1.Delivery{}
		return []*factv1.Delivery{d}, proto.Unmarshal(data, d)
	}
	count, n := binary.Uvarint(data[1:])
	if n <= 0 || count == 0 || count > MostPacked {
		return nil, ErrPacked
	}
	rest, out := data[1+n:], make([]*factv1.Delivery, 0, count)
	for range count {
		one, n := protowire.ConsumeBytes(rest)
		if n < 0 {
			return nil, ErrPacked
		}
		d := &factv1.Delivery{}
		if err := proto.Unmarshal(one, d); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPacked, err)
		}
		out, rest = append(out, d), rest[n:]
	}
	if len(rest) > 0 {
		return nil, ErrPacked
	}
	return out, nil
}
