package natsio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
)

// scene is a feed on a real server whose Apply fails for some deliveries.
type scene struct {
	t       *testing.T
	js      jetstream.JetStream
	feed    *natsio.Feed
	applied chan string // ids in the order of application

	mu    sync.Mutex
	bad   map[string]error
	down  bool
	sizes []int // of the batches
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := newStoppedScene(t)
	s.start()
	return s
}

// newStoppedScene is a scene whose feed is not started.
func newStoppedScene(t *testing.T) *scene {
	t.Helper()
	_, js := lifecycletest.JetStream(t)
	s := &scene{t: t, js: js, applied: make(chan string, 2000), bad: map[string]error{}}
	s.feed = &natsio.Feed{
		JetStream: js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Apply: s.apply, Works: s.works,
		Pause: time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Aside: &natsio.Aside{
			Quarantine: &natsio.Quarantine{
				JetStream: js,
				Sealer:    lifecycletest.Vault(t),
			},
			Keys:  keys,
			Every: 10 * time.Millisecond,
		},
	}
	return s
}

// start runs the feed until the end of the test.
func (s *scene) start() {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.feed.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
}

// batches returns the sizes of the batches so far.
func (s *scene) batches() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sizes)
}

// keys of a delivery are its person, the first word of its id.
func keys(d *factv1.Delivery) ([]string, error) {
	person, _, _ := strings.Cut(d.GetId(), "-")
	return []string{person}, nil
}

func (s *scene) works(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errors.New("the store does not answer")
	}
	return nil
}

// apply applies nothing of a batch with a bad delivery, as a store does.
func (s *scene) apply(ctx context.Context, deliveries []*factv1.Delivery) error {
	if err := s.works(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(deliveries))
	for _, d := range deliveries {
		if err := s.bad[d.GetId()]; err != nil {
			return err
		}
	}
	for _, d := range deliveries {
		s.applied <- d.GetId()
	}
	return nil
}

func (s *scene) set(bad map[string]error, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad, s.down = bad, down
}

func (s *scene) publish(ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		data, err := proto.Marshal(&factv1.Delivery{Id: id, Source: "shop", Facts: []*factv1.Fact{{Id: id}}})
		if err == nil {
			_, err = s.js.Publish(s.t.Context(), stream.FactsOf("shop"), data)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// publishTogether publishes deliveries in one message.
func (s *scene) publishTogether(ids ...string) {
	s.t.Helper()
	deliveries := make([]*factv1.Delivery, len(ids))
	for i, id := range ids {
		deliveries[i] = &factv1.Delivery{Id: id, Source: "shop", Facts: []*factv1.Fact{{Id: id}}}
	}
	data, err := streams.Pack(deliveries)
	if err == nil {
		_, err = s.js.Publish(s.t.Context(), stream.FactsOf("shop"), data)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// empty waits until the stream holds no message.
func (s *scene) empty() {
	s.t.Helper()
	var left uint64
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		facts, err := s.js.Stream(s.t.Context(), stream.Facts)
		if err != nil {
			s.t.Fatal(err)
		}
		if left = facts.CachedInfo().State.Msgs; left == 0 {
			return
		}
	}
	s.t.Fatalf("the stream holds %d messages, want none", left)
}

// wants waits until exactly these deliveries are applied, in any order.
func (s *scene) wants(want ...string) {
	s.t.Helper()
	var got []string
	for range want {
		select {
		case id := <-s.applied:
			got = append(got, id)
		case <-time.After(20 * time.Second):
			s.t.Fatalf("applied %v, want %v", got, want)
		}
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		s.t.Fatalf("applied %v, want %v", got, want)
	}
}

// kept waits until the quarantine holds entries of these kinds and returns them.
func (s *scene) kept(want ...natsio.Kind) []natsio.Quarantined {
	s.t.Helper()
	var got []natsio.Quarantined
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got = nil
		err := s.feed.Aside.Quarantine.List(s.t.Context(), func(q natsio.Quarantined) error {
			got = append(got, q)
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
		if slices.EqualFunc(got, want, func(q natsio.Quarantined, k natsio.Kind) bool { return q.Kind == k }) {
			return got
		}
	}
	s.t.Fatalf("the quarantine holds %v, want %v", got, want)
	return nil
}

func TestFeed_ABadDeliveryHoldsUpItsPersonAlone(t *testing.T) {
	s := newScene(t)
	s.set(map[string]error{"ala-1": errors.New("the document is too large")}, false)
	s.publish("ala-1", "bob-1", "cyd-1")
	s.wants("bob-1", "cyd-1")
	entry := s.kept(natsio.KindDelivery)[0]
	if entry.Reason != "the document is too large" || entry.Facts != 1 {
		t.Errorf("got the entry %+v, want its reason and its fact", entry)
	}
	s.publish("ala-2", "bob-2")
	s.wants("bob-2")
	s.kept(natsio.KindDelivery, natsio.KindBehind)
	s.set(nil, false)
	if err := s.feed.Aside.Quarantine.Retry(t.Context(), entry.Number, func() {}); err != nil {
		t.Fatal(err)
	}
	s.wants("ala-1", "ala-2")
	s.kept()
}

func TestFeed_WhatWaitsBehindADroppedDeliveryGoesOn(t *testing.T) {
	s := newScene(t)
	s.set(map[string]error{"ala-1": fmt.Errorf("%w: no such kind", natsio.ErrUnreadable)}, false)
	s.publish("ala-1")
	entry := s.kept(natsio.KindDelivery)[0]
	s.publish("ala-2")
	s.kept(natsio.KindDelivery, natsio.KindBehind)
	if err := s.feed.Aside.Quarantine.Drop(t.Context(), entry.Number); err != nil {
		t.Fatal(err)
	}
	s.wants("ala-2")
	s.kept()
}

func TestFeed_NothingIsSetAsideWhileTheStoreIsAway(t *testing.T) {
	s := newScene(t)
	s.set(nil, true)
	s.publish("ala-1", "bob-1")
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.kept()
	}
	s.set(nil, false)
	s.wants("ala-1", "bob-1")
}

func TestFeed_AMessageThatCannotBeDecodedIsKept(t *testing.T) {
	s := newScene(t)
	if _, err := s.js.Publish(t.Context(), stream.FactsOf("shop"), []byte{0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	s.publish("bob-1")
	s.wants("bob-1")
	entry := s.kept(natsio.KindMessage)[0]
	if err := s.feed.Aside.Quarantine.Retry(t.Context(), entry.Number, func() {}); !errors.Is(err, natsio.ErrNotKept) {
		t.Errorf("Retry = %v, want %v", err, natsio.ErrNotKept)
	}
}

// TestFeed_AMessageOfSeveralDeliveriesThatAnEarlierVersionSetAsideIsTriedAgain: an earlier version cannot decode it.
func TestFeed_AMessageOfSeveralDeliveriesThatAnEarlierVersionSetAsideIsTriedAgain(t *testing.T) {
	s := newScene(t)
	data, err := streams.Pack([]*factv1.Delivery{{Id: "ala-1", Source: "shop"}, {Id: "bob-1", Source: "shop"}})
	if err == nil {
		err = s.feed.Aside.Quarantine.AddMessage(t.Context(), stream.Facts, 7, data, errors.New("no such field"))
	}
	if err != nil {
		t.Fatal(err)
	}
	entry := s.kept(natsio.KindMessage)[0]
	if err := s.feed.Aside.Quarantine.Retry(t.Context(), entry.Number, func() {}); err != nil {
		t.Fatal(err)
	}
	s.wants("ala-1", "bob-1")
	s.kept()
}

func TestFeed_ABacklogIsAppliedInLargeBatches(t *testing.T) {
	s := newStoppedScene(t)
	const messages = 1300
	for i := range messages {
		s.publish(fmt.Sprintf("person%d-1", i))
	}
	s.start()
	s.wants(idsOf(messages)...)
	if got := s.batches(); len(got) > 2 || got[0] != messages {
		t.Errorf("got batches of %v, want one of %d", got, messages)
	}
}

// TestFeed_ABadDeliveryAmongOthersOfItsMessageHoldsUpItsPersonAlone: the delivery comes again alone until it is set
// aside. The others of its message are applied once.
func TestFeed_ABadDeliveryAmongOthersOfItsMessageHoldsUpItsPersonAlone(t *testing.T) {
	s := newScene(t)
	s.set(map[string]error{"bob-1": errors.New("the document is too large")}, false)
	s.publishTogether("ala-1", "bob-1", "cyd-1")
	s.wants("ala-1", "cyd-1")
	entry := s.kept(natsio.KindDelivery)[0]
	if entry.Reason != "the document is too large" || entry.Facts != 1 {
		t.Errorf("got the entry %+v, want its reason and its fact", entry)
	}
	s.empty()
	if n := len(s.applied); n > 0 {
		t.Errorf("the others of the message were applied %d times more, want once", n)
	}
	s.publishTogether("dan-1", "bob-2")
	s.wants("dan-1")
	s.kept(natsio.KindDelivery, natsio.KindBehind)
	s.set(nil, false)
	if err := s.feed.Aside.Quarantine.Retry(t.Context(), entry.Number, func() {}); err != nil {
		t.Fatal(err)
	}
	s.wants("bob-1", "bob-2")
	s.kept()
}

// TestFeed_ABacklogOfSharedMessagesIsAppliedInBatches: a batch counts deliveries, and not messages.
func TestFeed_ABacklogOfSharedMessagesIsAppliedInBatches(t *testing.T) {
	s := newStoppedScene(t)
	s.applied = make(chan string, 10_000)
	ids := idsOf(100 * streams.MostPacked)
	for together := range slices.Chunk(ids, streams.MostPacked) {
		s.publishTogether(together...)
	}
	s.start()
	s.wants(ids...)
	most := 2000 + streams.MostPacked
	if got := s.batches(); slices.Max(got) > most || len(got) > 5 {
		t.Errorf("got batches of %v deliveries, want at most 5 of at most %d", got, most)
	}
	s.empty()
}

// TestFeed_SharedMessagesBehindSingleOnesAreAppliedInBatches: messages of one delivery say nothing about those behind.
func TestFeed_SharedMessagesBehindSingleOnesAreAppliedInBatches(t *testing.T) {
	s := newStoppedScene(t)
	s.applied = make(chan string, 20_000)
	ids := idsOf(20 + 200*streams.MostPacked)
	s.publish(ids[:20]...)
	for together := range slices.Chunk(ids[20:], streams.MostPacked) {
		s.publishTogether(together...)
	}
	s.start()
	s.wants(ids...)
	const most = 2500
	if got := s.batches(); slices.Max(got) > most {
		t.Errorf("got batches of %v deliveries, want at most %d in each", got, most)
	}
	s.empty()
}

func TestFeed_ABadDeliveryIsFoundByHalves(t *testing.T) {
	s := newStoppedScene(t)
	const messages = 256
	for i := range messages {
		s.publish(fmt.Sprintf("person%d-1", i))
	}
	s.set(map[string]error{"person77-1": fmt.Errorf("%w: no date", natsio.ErrUnreadable)}, false)
	s.start()
	s.wants(slices.DeleteFunc(idsOf(messages), func(id string) bool { return id == "person77-1" })...)
	s.kept(natsio.KindDelivery)
	if got, most := len(s.batches()), 2*8+1; got > most {
		t.Errorf("got %d batches, want at most %d", got, most)
	}
}

// idsOf returns the ids of the first deliveries of n persons.
func idsOf(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("person%d-1", i)
	}
	return out
}

// TestFeed_ABatchThatTakesLongIsNotRedelivered: a batch takes four times the wait for an acknowledgement, and another
// replica waits for work. Each message is applied once.
func TestFeed_ABatchThatTakesLongIsNotRedelivered(t *testing.T) {
	const wait = 300 * time.Millisecond
	s := newStoppedScene(t)
	s.feed.AckWait = wait
	inner := s.feed.Apply
	begun := make(chan struct{})
	s.feed.Apply = func(ctx context.Context, deliveries []*factv1.Delivery) error {
		close(begun)
		time.Sleep(4 * wait) // a slow store
		return inner(ctx, deliveries)
	}
	s.publish("slow-1")
	s.start()
	<-begun
	other := &scene{t: t, js: s.js, applied: s.applied, bad: map[string]error{}}
	other.feed = &natsio.Feed{
		JetStream: s.js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Apply: other.apply, AckWait: wait,
		Log: slog.New(slog.DiscardHandler),
	}
	other.start()
	<-s.applied
	select {
	case id := <-s.applied:
		t.Errorf("%s was applied again, want once", id)
	case <-time.After(2 * wait):
	}
}

// TestFeed_AConflictOutlastsTheAttemptsOfAnotherError: keys that a broken write claimed are free after a minute, and
// the delivery that waits for them is not set aside before.
func TestFeed_AConflictOutlastsTheAttemptsOfAnotherError(t *testing.T) {
	s := newStoppedScene(t)
	inner, failures := s.feed.Apply, 0
	s.feed.Apply = func(ctx context.Context, deliveries []*factv1.Delivery) error {
		if failures++; failures <= 8 {
			return errConflict
		}
		return inner(ctx, deliveries)
	}
	s.feed.Waits = func(err error) bool { return errors.Is(err, errConflict) }
	s.publish("ala-1")
	s.start()
	s.wants("ala-1")
	if n := s.feed.Aside.Count(); n != 0 {
		t.Errorf("%d deliveries are set aside, want none", n)
	}
}

// errConflict is the error of a store whose keys another writer holds.
var errConflict = errors.New("version conflict")
