package jetqueue_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/jetqueue"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
)

// claimed is how long a claim holds in these tests.
const claimed = 3 * time.Second

func newQueue(js jetstream.JetStream, recipient string) *jetqueue.Queue {
	return jetqueue.New(jetqueue.Options{JetStream: js, Recipient: recipient, Takes: []string{"delete"}, Claim: claimed})
}

// run runs a queue until the test ends or stop is called.
func run(t *testing.T, q *jetqueue.Queue) (in chan delivery.Arrival, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in = make(chan delivery.Arrival)
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.Run(ctx, in)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return in, stop
}

// next returns the next message.
func next(t *testing.T, in <-chan delivery.Arrival) *delivery.Message {
	t.Helper()
	for {
		select {
		case a := <-in:
			if !a.Lost {
				return a.Message
			}
		case <-time.After(4 * claimed):
			t.Fatal("nothing came")
		}
	}
}

func ack(t *testing.T, m *delivery.Message) {
	t.Helper()
	if err := m.Claim.Ack(); err != nil {
		t.Fatal(err)
	}
}

// settled waits until nothing is left in the queue of a recipient.
func settled(t *testing.T, js jetstream.JetStream, recipient string, left int) {
	t.Helper()
	for deadline := time.Now().Add(2 * claimed); ; {
		waiting, err := jetqueue.Waiting(t.Context(), js)
		if err == nil && waiting[recipient] == left {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait, want %d (%v)", waiting[recipient], left, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestRun_BringsWhatIsForTheRecipientAndPassesOverTheRest(t *testing.T) {
	s := natstest.Start(t)
	js := s.JetStream(s.Connect())
	ask := natstest.Event("ask", "ala", "crm")
	ask.Data.Kind = "ask-consent"
	replay := natstest.Event("replayed", "ala", "crm", "shop")
	replay.Data.Replay = &stream.Replay{At: time.Now(), Recipient: "shop"}
	s.Publish(
		js,
		natstest.Event("d1", "ala", "crm"),
		natstest.Event("d2", "ala", "shop"),
		ask,
		replay,
		natstest.Event("d3", "ala", "shop", "crm"),
	)
	if _, err := js.Publish(t.Context(), stream.DecisionFor("delete", "x"), []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	in, _ := run(t, newQueue(js, "crm"))
	for _, want := range []string{"d1", "d3"} {
		m := next(t, in)
		if m.Event.ID != want || !strings.Contains(string(m.Body), want) || m.Stored.IsZero() {
			t.Errorf("got %s, want %s", m.Event.ID, want)
		}
		ack(t, m)
	}
	settled(t, js, "crm", 0)
}

func TestRun_GivesBackWhatIsNotSettled(t *testing.T) {
	s := natstest.Start(t)
	js := s.JetStream(s.Connect())
	for i := range 10 {
		s.Publish(js, natstest.Event(fmt.Sprint("d", i), "ala", "crm"))
	}
	in, stop := run(t, newQueue(js, "crm"))
	ack(t, next(t, in))
	for range 4 {
		next(t, in)
	}
	stop()
	begin := time.Now()
	in, _ = run(t, newQueue(s.JetStream(s.Connect()), "crm"))
	for i := range 9 {
		if m := next(t, in); m.Event.ID != fmt.Sprint("d", i+1) {
			t.Fatalf("got %s at %d", m.Event.ID, i)
		}
	}
	if took := time.Since(begin); took > claimed/2 {
		t.Errorf("it took %s: what was given back must come at once", took)
	}
}

func TestRun_RenewsItsClaims(t *testing.T) {
	s := natstest.Start(t)
	js := s.JetStream(s.Connect())
	s.Publish(js, natstest.Event("d1", "ala", "crm"))
	in, _ := run(t, newQueue(js, "crm"))
	m := next(t, in)
	select {
	case a := <-in:
		t.Fatalf("something came: %+v", a)
	case <-time.After(claimed * 3 / 2):
	}
	info := consumer(t, js, "crm")
	if info.NumRedelivered != 0 || info.NumAckPending != 1 {
		t.Errorf("%d came again, %d pending", info.NumRedelivered, info.NumAckPending)
	}
	ack(t, m)
	settled(t, js, "crm", 0)
}

func consumer(t *testing.T, js jetstream.JetStream, recipient string) *jetstream.ConsumerInfo {
	t.Helper()
	c, err := js.Consumer(t.Context(), stream.Decisions, jetqueue.Name(recipient))
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info
}

type sending struct{ replica, person, id string }

// sink notes what it is brought, in order.
type sink struct {
	mu    sync.Mutex
	got   []sending
	by    map[string]bool
	calls chan string
}

func (s *sink) connector(replica string, slow time.Duration) dispatch.Connector {
	return connectorFunc(func(ctx context.Context, e *stream.Event) error {
		s.mu.Lock()
		s.got = append(s.got, sending{replica, e.Subject, e.ID})
		s.by[replica] = true
		s.mu.Unlock()
		select {
		case s.calls <- e.ID:
		default:
		}
		if slow > 0 {
			select {
			case <-time.After(slow):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

type connectorFunc func(ctx context.Context, e *stream.Event) error

func (f connectorFunc) Deliver(ctx context.Context, e *stream.Event, _ []byte) (dispatch.Answer, error) {
	return dispatch.Answer{Outcome: stream.OutcomeSent}, f(ctx, e)
}

type on struct{}

func (on) Disable(context.Context, string, string) error { return nil }
func (on) Off(string) (time.Time, string, bool)          { return time.Time{}, "", false }
func (on) Changed() <-chan struct{}                      { return nil }

// replica starts a process that works the recipient, and returns what kills it, as a
// connection that breaks, and what stops it.
func replica(t *testing.T, s *natstest.Server, c dispatch.Connector) (nc *nats.Conn, stop func()) {
	t.Helper()
	nc = s.Connect()
	js := s.JetStream(nc)
	f := &delivery.Fleet{}
	f.Add(
		delivery.New(
			delivery.Options{
				Recipient: "crm",
				Connector: c,
				Receipts:  jetqueue.NewReceipts(js, "crm", nil),
				Switch:    on{},
				InFlight:  4,
			},
		),
		newQueue(js, "crm"),
	)
	f.Start(t.Context())
	stop = sync.OnceFunc(f.Close)
	t.Cleanup(stop)
	return nc, stop
}

// inOrder checks that each replica sends what is about a person in order, that the next
// one goes on without a gap, and that everything was sent. What was settled by one that
// was killed may come again, if its acknowledgement got lost.
func inOrder(t *testing.T, got []sending, persons, each int) {
	t.Helper()
	for p := range persons {
		by, sent, last := "", 0, -1
		for _, g := range got {
			if g.person != fmt.Sprint("p", p) {
				continue
			}
			i, err := strconv.Atoi(strings.TrimPrefix(g.id, "d"))
			switch {
			case err != nil, i > sent:
				t.Errorf("person %d: %s was sent before d%d", p, g.id, sent)
			case g.replica == by && i < last:
				t.Errorf("person %d: %s sent %s after d%d", p, by, g.id, last)
			case g.replica != by && by == "b":
				t.Errorf("person %d: %s goes on beside b", p, g.replica)
			}
			by, last, sent = g.replica, i, max(sent, i+1)
		}
		if sent != each {
			t.Errorf("person %d got %d of %d", p, sent, each)
		}
	}
}

func TestReplicas_OneWorksAtATimeAndTheOtherTakesOver(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(nc *nats.Conn, stop func())
	}{
		{"killed", func(nc *nats.Conn, _ func()) { nc.Close() }},
		{"stopped", func(_ *nats.Conn, stop func()) { stop() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := natstest.Start(t)
			js := s.JetStream(s.Connect())
			const persons, each = 6, 8
			for i := range each {
				for p := range persons {
					s.Publish(js, natstest.Event(fmt.Sprintf("d%d", i), fmt.Sprint("p", p), "crm"))
				}
			}
			k := &sink{by: map[string]bool{}, calls: make(chan string, 1000)}
			nc, stop := replica(t, s, k.connector("a", 20*time.Millisecond))
			for range 10 {
				<-k.calls
			}
			replica(t, s, k.connector("b", 0))
			for range 10 {
				<-k.calls
			}
			k.mu.Lock()
			if k.by["b"] {
				t.Error("both work at once")
			}
			k.mu.Unlock()
			c.end(nc, stop)
			settled(t, js, "crm", 0)
			k.mu.Lock()
			defer k.mu.Unlock()
			if !k.by["b"] {
				t.Error("the other did not take over")
			}
			inOrder(t, k.got, persons, each)
		})
	}
}

func TestRun_HoldsEverythingBackUntilWhatOthersHeldHasCome(t *testing.T) {
	s := natstest.Start(t)
	js := s.JetStream(s.Connect())
	q := newQueue(js, "crm")
	for i := range 4 {
		s.Publish(js, natstest.Event(fmt.Sprint("d", i), "ala", "crm"))
	}
	c, err := q.Ensure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Another process holds three decisions, and renews the claim on the oldest last.
	batch, err := c.Fetch(3, jetstream.FetchPriorityGroup("dispatch"), jetstream.FetchMaxWait(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var held []jetstream.Msg
	for m := range batch.Messages() {
		held = append(held, m)
	}
	time.Sleep(claimed / 2)
	if err := held[0].InProgress(); err != nil {
		t.Fatal(err)
	}
	in, _ := run(t, q) // gets d3 at once, d1 and d2 after half the time, and d0 last
	str, err := js.Stream(t.Context(), stream.Decisions)
	if err == nil {
		err = str.UnpinConsumer(t.Context(), jetqueue.Name("crm"), "dispatch")
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if m := next(t, in); m.Event.ID != fmt.Sprint("d", i) {
			t.Errorf("%s came at %d", m.Event.ID, i)
		}
	}
}

func TestRun_GoesOnAfterTheServerWasAway(t *testing.T) {
	s := natstest.Start(t)
	nc := s.Connect()
	js := s.JetStream(nc)
	s.Publish(js, natstest.Event("d0", "p0", "crm"), natstest.Event("d1", "p0", "crm"))
	k := &sink{by: map[string]bool{}, calls: make(chan string, 10)}
	_, stop := replica(t, s, k.connector("a", 0))
	<-k.calls
	stop()
	s.Restart()
	js = s.JetStream(s.Connect())
	s.Publish(js, natstest.Event("d2", "p0", "crm"))
	replica(t, s, k.connector("a", 0))
	settled(t, js, "crm", 0)
	k.mu.Lock()
	defer k.mu.Unlock()
	inOrder(t, k.got, 1, 3)
}

// TestRun_GoesOnWhereAFormerVersionStopped: the consumer of a former version filtered by several kinds, and decisions
// were published on a subject for each person.
func TestRun_GoesOnWhereAFormerVersionStopped(t *testing.T) {
	s := natstest.Start(t)
	js := s.JetStream(s.Connect())
	publish := func(id string) {
		t.Helper()
		data, err := natstest.Event(id, "ala", "crm").Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), stream.FormerDecisionFor(stream.KindDelete, "ala"), data); err != nil {
			t.Fatal(err)
		}
	}
	publish("d1")
	publish("d2")
	consumer, err := js.CreateConsumer(t.Context(), stream.Decisions, jetstream.ConsumerConfig{
		Durable: jetqueue.Name("crm"), DeliverPolicy: jetstream.DeliverAllPolicy,
		FilterSubjects: []string{stream.DecisionsOf(stream.KindDelete), stream.DecisionsOf(stream.KindRetract)},
		AckPolicy:      jetstream.AckExplicitPolicy, AckWait: claimed, MaxDeliver: -1, MaxAckPending: 1000,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"dispatch"}, PinnedTTL: claimed,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(1, jetstream.FetchPriorityGroup("dispatch"))
	if err != nil {
		t.Fatal(err)
	}
	for msg := range batch.Messages() {
		if err := msg.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.Publish(js, natstest.Event("d3", "ala", "crm"))
	in, _ := run(t, newQueue(js, "crm"))
	for _, want := range []string{"d2", "d3"} {
		m := next(t, in)
		if m.Event.ID != want {
			t.Errorf("got %s, want %s", m.Event.ID, want)
		}
		ack(t, m)
	}
	settled(t, js, "crm", 0)
}
