package broker_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/broker"
	"github.com/rodopath/rodopath/services/internal/natstest"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// maxPayload is the maximum payload of the server of the tests.
const maxPayload = 64 << 10

// connect starts a server with the streams of Rodopath.
func connect(t *testing.T) jetstream.JetStream {
	t.Helper()
	_, js := natstest.Connect(t, natstest.Server(t, func(o *server.Options) { o.MaxPayload = maxPayload }))
	if err := streams.Ensure(t.Context(), js, streams.Options{}); err != nil {
		t.Fatal(err)
	}
	return js
}

// stored returns the deliveries of the stream in order.
func stored(t *testing.T, js jetstream.JetStream) []*factv1.Delivery {
	t.Helper()
	s, err := js.Stream(t.Context(), stream.Facts)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []*factv1.Delivery
	for seq := uint64(1); seq <= info.State.LastSeq; seq++ {
		msg, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if len(msg.Data) > maxPayload*3/4 {
			t.Errorf("message %d has %d bytes", seq, len(msg.Data))
		}
		d := &factv1.Delivery{}
		if err := proto.Unmarshal(msg.Data, d); err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// batch is a delivery with n facts of about 150 bytes.
func batch(n int) *factv1.Delivery {
	d := &factv1.Delivery{
		Id: "list:batch", Source: "list", Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	for i := range n {
		d.Facts = append(d.Facts, &factv1.Fact{Id: fmt.Sprint("fact", i), Ref: strings.Repeat("r", 140)})
	}
	return d
}

func factIDs(deliveries ...*factv1.Delivery) []string {
	var out []string
	for _, d := range deliveries {
		for _, f := range d.GetFacts() {
			out = append(out, f.GetId())
		}
	}
	return out
}

func TestPublish_SplitsADeliveryThatIsLargerThanAMessage(t *testing.T) {
	js := connect(t)
	d := batch(2000)
	d.Unread = &factv1.Unread{Reason: ingest.UnreadEvent, Body: []byte("body")}
	if size := proto.Size(d); size < 3*maxPayload {
		t.Fatalf("the delivery has only %d bytes", size)
	}
	for range 2 { // the second time nothing is added
		if err := broker.New(js, broker.Options{}).Publish(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	got := stored(t, js)
	if !slices.Equal(factIDs(got...), factIDs(d)) {
		t.Errorf("%d facts of %d are stored", len(factIDs(got...)), len(d.GetFacts()))
	}
	ids := map[string]bool{}
	for _, part := range got {
		ids[part.GetId()] = true
		if !strings.HasPrefix(part.GetId(), "list:batch:") || part.GetSource() != "list" || part.GetTraceparent() == "" {
			t.Errorf("part %s of %s", part.GetId(), part.GetSource())
		}
	}
	if len(ids) != len(got) || len(got) < 4 {
		t.Errorf("%d parts with %d ids", len(got), len(ids))
	}
	if last := got[len(got)-1]; string(last.GetUnread().GetBody()) != "body" {
		t.Errorf("the last part is %s without the unread body", last.GetId())
	}
}

// TestPublishAll_AFaultyDeliveryHoldsUpNoOther: one of the deliveries holds a fact that fits into no message.
func TestPublishAll_AFaultyDeliveryHoldsUpNoOther(t *testing.T) {
	js := connect(t)
	large, lost, small := batch(1000), batch(1), batch(1)
	lost.Id, lost.Facts[0].Wording = "list:lost", strings.Repeat("w", maxPayload)
	small.Id, small.Facts[0].Id = "list:small", "small"
	errs := broker.New(js, broker.Options{}).PublishAll(t.Context(), []*factv1.Delivery{large, lost, small})
	if errs[0] != nil || errs[1] == nil || errors.Is(errs[1], ingest.ErrUnavailable) || errs[2] != nil {
		t.Fatalf("got %v, want a permanent error for the second delivery alone", errs)
	}
	if got := factIDs(stored(t, js)...); !slices.Equal(got, append(factIDs(large), "small")) {
		t.Errorf("%d facts are stored", len(got))
	}
}

func TestPublish_ADeliveryThatFitsKeepsItsID(t *testing.T) {
	js := connect(t)
	d := batch(200)
	if err := broker.New(js, broker.Options{}).Publish(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, js); len(got) != 1 || !proto.Equal(got[0], d) {
		t.Errorf("%d messages", len(got))
	}
}

func TestPublish_ReportsAFactThatFitsIntoNoMessage(t *testing.T) {
	js := connect(t)
	d := batch(3)
	d.Facts[1].Wording = strings.Repeat("w", maxPayload)
	err := broker.New(js, broker.Options{}).Publish(t.Context(), d)
	if err == nil || errors.Is(err, ingest.ErrUnavailable) {
		t.Fatalf("got %v, want a permanent error", err)
	}
	got := stored(t, js)
	if ids := factIDs(got...); !slices.Equal(ids, []string{"fact0", "fact2"}) {
		t.Errorf("the facts %v are stored", ids)
	}
	if last := got[len(got)-1]; last.GetUnread().GetReason() != ingest.UnreadTooLarge {
		t.Errorf("no notice for the quarantine in %v", last)
	}
}

func TestPublish_LeavesOutAnUnreadBodyThatIsTooLarge(t *testing.T) {
	js := connect(t)
	d := batch(1)
	d.Unread = &factv1.Unread{Reason: ingest.UnreadNotJSON, Topic: "topic", Body: make([]byte, maxPayload*5/8)}
	if err := broker.New(js, broker.Options{}).Publish(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	got := stored(t, js)
	if len(got) != 1 || got[0].GetId() != d.GetId() || len(got[0].GetFacts()) != 1 ||
		got[0].GetUnread().GetTopic() != "topic" || len(got[0].GetUnread().GetBody()) != 0 {
		t.Errorf("%d messages, the first with %d bytes of the body", len(got), len(got[0].GetUnread().GetBody()))
	}
}

func TestPublish_ALostServerIsPassing(t *testing.T) {
	js := connect(t)
	js.Conn().Close()
	if err := broker.New(js, broker.Options{}).Publish(t.Context(), batch(1)); !errors.Is(err, ingest.ErrUnavailable) {
		t.Errorf("got %v, want an error that passes", err)
	}
}

func TestPublish_AnIDThatFitsIntoNoMessageIsPermanent(t *testing.T) {
	js := connect(t)
	d := batch(1)
	d.Id = strings.Repeat("i", maxPayload)
	if err := broker.New(js, broker.Options{}).
		Publish(t.Context(), d); err == nil ||
		errors.Is(err, ingest.ErrUnavailable) {
		t.Errorf("got %v, want a permanent error", err)
	}
}
