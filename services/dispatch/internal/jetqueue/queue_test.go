package jetqueue_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/internal/carry"
	"github.com/rodopath/rodopath/services/dispatch/internal/jetqueue"
	"github.com/rodopath/rodopath/services/dispatch/internal/natstest"
)

// claimed is how long a claim holds in these tests.
const claimed = 3 * time.Second

func newQueue(js jetstream.JetStream, recipient string) *jetqueue.Queue {
	return jetqueue.New(jetqueue.Options{JetStream: js, Recipient: recipient, Takes: []string{"delete"}, Claim: claimed})
}

// run runs a queue until the test ends or stop is called.
func run(t *testing.T, q *jetqueue.Queue) (in chan carry.Arrival, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in = make(chan carry.Arrival)
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
func next(t *testing.T, in <-chan carry.Arrival) *carry.Message {
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

func ack(t *testing.T, m *carry.Message) {
	t.Helper()
	if err := m.Hold.Ack(); err != nil {
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
	s.Publish(js, natstest.Event("d1", "ala", "crm"), natstest.Event("d2", "ala", "shop"), ask, replay, natstest.Event("d3", "ala", "shop", "crm"))
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

// sink notes what it is brought, in order.
type sink struct {
	mu    sync.Mutex
	got   []string
	by    map[string]bool
	calls chan string
}

func (s *sink) connector(replica string, slow time.Duration) dispatch.Connector {
	return connectorFunc(func(ctx context.Context, e *stream.Event) error {
		s.mu.Lock()
		s.got = append(s.got, e.Subject+"/"+e.ID)
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

func (f connectorFunc) Carry(ctx context.Context, e *stream.Event, _ []byte) (dispatch.Answer, error) {
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
	f := &carry.Fleet{}
	f.Add(carry.New(carry.Options{Recipient: "crm", Connector: c, Receipts: jetqueue.Receipts{JetStream: js}, Switch: on{}, InFlight: 4}), newQueue(js, "crm"))
	f.Start(t.Context())
	stop = sync.OnceFunc(f.Close)
	t.Cleanup(stop)
	return nc, stop
}

// inOrder checks that the first sending of each decision is in the order of its person.
func inOrder(t *testing.T, got []string, persons, each int) {
	t.Helper()
	for p := range persons {
		var mine []string
		for _, g := range got {
			if strings.HasPrefix(g, fmt.Sprintf("p%d/", p)) {
				mine = append(mine, g)
			}
		}
		highest := ""
		for i, g := range mine {
			if g < highest && !slices.Contains(mine[:i], g) {
				t.Fatalf("out of order: %v", mine)
			}
			highest = max(highest, g)
		}
		if n := len(slices.Compact(slices.Sorted(slices.Values(mine)))); n != each {
			t.Errorf("person %d got %d of %d", p, n, each)
		}
		// What comes again comes before what is newer: after a decision nothing older is sent.
		for i := 1; i < len(mine); i++ {
			if mine[i] < mine[i-1] {
				t.Errorf("%s was sent after %s", mine[i], mine[i-1])
			}
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

func TestRun_GoesOnAfterTheServerWasAway(t *testing.T) {
	s := natstest.Start(t)
	nc := s.Connect()
	js := s.JetStream(nc)
	s.Publish(js, natstest.Event("d1", "p0", "crm"), natstest.Event("d2", "p0", "crm"))
	k := &sink{by: map[string]bool{}, calls: make(chan string, 10)}
	_, stop := replica(t, s, k.connector("a", 0))
	<-k.calls
	stop()
	s.Restart()
	js = s.JetStream(s.Connect())
	s.Publish(js, natstest.Event("d3", "p0", "crm"))
	replica(t, s, k.connector("a", 0))
	settled(t, js, "crm", 0)
	k.mu.Lock()
	defer k.mu.Unlock()
	inOrder(t, k.got, 1, 3)
}
