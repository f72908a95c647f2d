package broker_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/broker"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// small returns n small deliveries of a source.
func small(source string, n int) []*factv1.Delivery {
	out := make([]*factv1.Delivery, n)
	for i := range out {
		id := fmt.Sprint(source, ":", i)
		out[i] = &factv1.Delivery{Id: id, Source: source, Facts: []*factv1.Fact{{Id: id}}}
	}
	return out
}

// messages returns the ids of the deliveries of each message of the stream, by the number of the message.
func messages(t *testing.T, js jetstream.JetStream) (out [][]string) {
	t.Helper()
	s, err := js.Stream(t.Context(), stream.Facts)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		msg, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		deliveries, err := streams.Unpack(msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, idsOf(deliveries))
	}
	return out
}

func idsOf(deliveries []*factv1.Delivery) []string {
	out := make([]string, len(deliveries))
	for i, d := range deliveries {
		out[i] = d.GetId()
	}
	return out
}

// TestPublishAll_SmallDeliveriesShareAMessage: a large delivery, a body that nobody could read, and a delivery of
// another source are apart. The order stays.
func TestPublishAll_SmallDeliveriesShareAMessage(t *testing.T) {
	js := connect(t)
	shop, unread, large, list := small("shop", 70), small("shop", 1)[0], batch(200), small("list", 3)
	unread.Id, unread.Unread = "shop:unread", &factv1.Unread{Reason: ingest.UnreadEvent, Body: []byte("body")}
	all := slices.Concat(shop, []*factv1.Delivery{unread, large}, list)
	for i, err := range broker.New(js, broker.Options{Packed: true}).PublishAll(t.Context(), all) {
		if err != nil {
			t.Errorf("delivery %d: %v", i, err)
		}
	}
	want := [][]string{
		idsOf(shop[:streams.MostPacked]), idsOf(shop[streams.MostPacked:]), {"shop:unread"}, {"list:batch"}, idsOf(list),
	}
	if got := messages(t, js); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got the messages %v, want %v", got, want)
	}
}

// TestPublishAll_TheSameDeliveriesAreKeptOnce: the forwarder publishes a page again after a failure.
func TestPublishAll_TheSameDeliveriesAreKeptOnce(t *testing.T) {
	js := connect(t)
	for range 2 {
		broker.New(js, broker.Options{Packed: true}).PublishAll(t.Context(), small("shop", 5))
	}
	if got := messages(t, js); len(got) != 1 {
		t.Errorf("got the messages %v, want one", got)
	}
}

// TestPublishAll_AFaultyDeliveryAmongOthersIsAlone: a delivery that fits into no message fails, and no other.
func TestPublishAll_AFaultyDeliveryAmongOthersIsAlone(t *testing.T) {
	js := connect(t)
	all := small("shop", 5)
	all[2].Facts[0].Wording = strings.Repeat("w", maxPayload)
	for i, err := range broker.New(js, broker.Options{Packed: true}).PublishAll(t.Context(), all) {
		if (err != nil) != (i == 2) || errors.Is(err, ingest.ErrUnavailable) {
			t.Errorf("delivery %d: got %v, want a permanent error for the third one alone", i, err)
		}
	}
}

// TestPublishAll_PartitionsHaveNoSharedMessages: the deliveries of a message would be of several partitions.
func TestPublishAll_PartitionsHaveNoSharedMessages(t *testing.T) {
	js := connect(t)
	broker.New(js, broker.Options{Packed: true, Partitions: 2}).PublishAll(t.Context(), small("shop", 5))
	if got := messages(t, js); len(got) != 5 {
		t.Errorf("got the messages %v, want five", got)
	}
}
