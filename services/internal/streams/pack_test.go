package streams_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/streams"
)

func deliveries(n int) []*factv1.Delivery {
	out := make([]*factv1.Delivery, n)
	for i := range out {
		out[i] = &factv1.Delivery{Id: fmt.Sprint("shop:", i), Source: "shop", Facts: []*factv1.Fact{{Id: fmt.Sprint(i)}}}
	}
	return out
}

// TestPack_IsReadAsItWas: one delivery alone is a message as well.
func TestPack_IsReadAsItWas(t *testing.T) {
	for _, n := range []int{1, 2, streams.MostPacked} {
		want := deliveries(n)
		data, err := streams.Pack(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := streams.Packed(data); got != n {
			t.Errorf("got %d deliveries in the message, want %d", got, n)
		}
		got, err := streams.Unpack(data)
		if err != nil || !slices.EqualFunc(got, want, func(a, b *factv1.Delivery) bool { return proto.Equal(a, b) }) {
			t.Errorf("got %v and %v, want %v", got, err, want)
		}
	}
	alone, err := proto.Marshal(deliveries(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := streams.Unpack(alone); err != nil || len(got) != 1 || !proto.Equal(got[0], deliveries(1)[0]) {
		t.Errorf("got %v and %v, want the delivery", got, err)
	}
	if got := streams.Packed(alone); got != 1 {
		t.Errorf("got %d deliveries, want 1", got)
	}
}

// TestPack_ReadersOfOneDeliveryRefuseSeveral: a former program must not take such a message for an empty delivery.
func TestPack_ReadersOfOneDeliveryRefuseSeveral(t *testing.T) {
	data, err := streams.Pack(deliveries(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(data, &factv1.Delivery{}); err == nil {
		t.Error("the message is read as one delivery, want an error")
	}
}

// FuzzUnpack: damaged data are refused, and never read in part.
func FuzzUnpack(f *testing.F) {
	data, err := streams.Pack(deliveries(3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Add(append(slices.Clone(data), 1))
	f.Add([]byte{0, 200})
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := streams.Unpack(data)
		if err != nil {
			return
		}
		if n := streams.Packed(data); n != len(got) {
			t.Errorf("got %d deliveries, and %d are announced", len(got), n)
		}
	})
}

func TestUnpack_RefusesWhatIsDamaged(t *testing.T) {
	data, err := streams.Pack(deliveries(3))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut short": data[:len(data)-1], "more behind": append(slices.Clone(data), 1), "no deliveries": {0, 0},
		"too many": {0, streams.MostPacked + 1}, "no end of the number": {0, 0xff},
	} {
		if got, err := streams.Unpack(data); !errors.Is(err, streams.ErrPacked) {
			t.Errorf("%s: got %v and %v, want ErrPacked", name, got, err)
		}
	}
}
