package natsio_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
)

// crew is several replicas on one server.
type crew struct {
	*testing.T
	ns *server.Server
	js jetstream.JetStream
	// partitions is the number in force.
	partitions atomic.Int32
	term       time.Duration

	mu sync.Mutex
	// appliedBy are the replicas that applied each delivery, in order.
	appliedBy map[string][]string
	homes     map[string]string
}

func newCrew(t *testing.T, partitions int32, term time.Duration) *crew {
	t.Helper()
	ns, js := lifecycletest.JetStream(t)
	c := &crew{T: t, ns: ns, js: js, term: term, appliedBy: map[string][]string{}, homes: map[string]string{}}
	c.partitions.Store(partitions)
	return c
}

func (c *crew) inForce(context.Context) (int, error) { return int(c.partitions.Load()), nil }

// homesOf are the addresses of known persons, by the ids of deliveries.
func (c *crew) homesOf(_ context.Context, deliveries []*factv1.Delivery) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]string, len(deliveries))
	for i, d := range deliveries {
		out[i] = c.homes[d.GetId()]
	}
	return out, nil
}

// member is one replica.
type member struct {
	*natsio.Partitions
	// leave ends the replica in order, and kill cuts it off from the server.
	leave, kill func()
}

// start starts a replica; before is called with each batch before its application.
func (c *crew) start(name string, before func()) *member {
	c.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(c.ns))
	if err != nil {
		c.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		c.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	m := &member{kill: nc.Close, Partitions: &natsio.Partitions{
		JetStream: js, InForce: c.inForce, Term: c.term, Every: 20 * time.Millisecond, Log: log,
		Feed: func(p natsio.Partition) *natsio.Feed {
			return &natsio.Feed{
				JetStream: js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Partition: p, InForce: c.inForce,
				Homes: c.homesOf, Pause: 10 * time.Millisecond, AckWait: time.Second, Log: log,
				Apply: func(ctx context.Context, deliveries []*factv1.Delivery) error {
					if before != nil {
						before()
					}
					c.note(name, deliveries)
					return ctx.Err()
				},
			}
		},
	}}
	ctx, stop := context.WithCancel(c.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	m.leave = func() { stop(); <-done }
	c.Cleanup(func() { m.leave(); nc.Close() })
	return m
}

func (c *crew) note(by string, deliveries []*factv1.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range deliveries {
		c.appliedBy[d.GetId()] = append(c.appliedBy[d.GetId()], by)
	}
}

// publish publishes a delivery about a person with an address, or about a customer of Stripe, on the subject of an
// installation with a number of partitions.
func (c *crew) publish(id, kind, value string, partitions int) {
	c.Helper()
	d := &factv1.Delivery{Id: id, Source: "shop", Facts: []*factv1.Fact{
		{Id: id, Identities: []*factv1.Identity{{Kind: kind, Value: value}}},
	}}
	data, err := proto.Marshal(d)
	if err == nil {
		_, err = c.js.Publish(c.Context(), streams.FactsSubject(d, partitions), data, jetstream.WithMsgID(id))
	}
	if err != nil {
		c.Fatal(err)
	}
}

// awaitEmpty waits until the stream is empty.
func (c *crew) awaitEmpty() {
	c.Helper()
	c.await("the stream is empty", func() bool {
		s, err := c.js.Stream(c.Context(), stream.Facts)
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
}

func (c *crew) await(what string, done func() bool) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	err := loop.Poll(ctx, what, 5*time.Millisecond, func(context.Context) (bool, error) { return done(), nil })
	if err != nil {
		c.Fatal(err)
	}
}

// by returns the replicas that applied a delivery.
func (c *crew) by(id string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.appliedBy[id])
}

func address(person int) string { return fmt.Sprintf("customer.%d@example.com", person) }

// TestPartitions_FactsOfOnePersonAreAppliedByOneReplica: two replicas hold the partitions of all persons, and each
// delivery is applied once.
func TestPartitions_FactsOfOnePersonAreAppliedByOneReplica(t *testing.T) {
	c := newCrew(t, 4, 6*time.Second)
	a, b := c.start("a", nil), c.start("b", nil)
	c.await(
		"the replicas share the partitions",
		func() bool { return a.Held()+b.Held() == 5 && a.Held() >= 2 && b.Held() >= 2 },
	)
	const persons, facts = 40, 3
	for f := range facts {
		for p := range persons {
			c.publish(fmt.Sprintf("%d-%d", p, f), "email", address(p), 4)
		}
	}
	c.awaitEmpty()
	replicas := map[string]int{}
	for p := range persons {
		first := c.by(fmt.Sprintf("%d-0", p))
		for f := range facts {
			if got := c.by(fmt.Sprintf("%d-%d", p, f)); len(got) != 1 || !slices.Equal(got, first) {
				t.Errorf("fact %d of person %d was applied by %v, and the first by %v: want one replica, once", f, p, got, first)
			}
		}
		replicas[first[0]]++
	}
	if len(replicas) != 2 {
		t.Errorf("the persons of the replicas: got %v, want both replicas at work", replicas)
	}
}

// TestPartitions_ADeliveryIsPassedToThePartitionOfItsPerson: deliveries without an address, and without a slot, are
// applied by the replica that applies the other deliveries about the person. A delivery about nobody known stays.
func TestPartitions_ADeliveryIsPassedToThePartitionOfItsPerson(t *testing.T) {
	c := newCrew(t, 4, 6*time.Second)
	a, b := c.start("a", nil), c.start("b", nil)
	c.await(
		"the replicas share the partitions",
		func() bool { return a.Held()+b.Held() == 5 && a.Held() >= 2 && b.Held() >= 2 },
	)
	const persons = 30
	for p := range persons {
		c.homes[fmt.Sprintf("%d-refund", p)] = address(p)
	}
	for p := range persons {
		c.publish(fmt.Sprintf("%d-sale", p), "email", address(p), 4)
		c.publish(fmt.Sprintf("%d-refund", p), "stripe", fmt.Sprintf("cus_%d", p), 4)
		c.publish(fmt.Sprintf("%d-old", p), "email", address(p), 1)
		c.publish(fmt.Sprintf("%d-unknown", p), "stripe", fmt.Sprintf("cus_unknown_%d", p), 4)
	}
	c.awaitEmpty()
	for p := range persons {
		want := c.by(fmt.Sprintf("%d-sale", p))
		for _, what := range []string{"refund", "old"} {
			if got := c.by(fmt.Sprintf("%d-%s", p, what)); len(got) != 1 || !slices.Equal(got, want) {
				t.Errorf("the %s fact of person %d was applied by %v, want %v", what, p, got, want)
			}
		}
		if got := c.by(fmt.Sprintf("%d-unknown", p)); len(got) != 1 {
			t.Errorf("the fact about nobody known was applied by %v, want once", got)
		}
	}
}

// TestPartitions_ThePartitionsOfADeadReplicaAreTakenOver: a replica dies with a batch in its hands. Its partitions go
// to the other replica, and every delivery is applied by a living one.
func TestPartitions_ThePartitionsOfADeadReplicaAreTakenOver(t *testing.T) {
	c := newCrew(t, 4, time.Second)
	c.start("a", nil)
	var once sync.Once
	took, died := make(chan struct{}), make(chan struct{})
	b := c.start("b", func() { once.Do(func() { close(took) }); <-died })
	t.Cleanup(sync.OnceFunc(func() { close(died) }))
	c.await("both replicas hold partitions", func() bool { return b.Held() > 0 })
	var ids []string
	for p := range 60 {
		ids = append(ids, fmt.Sprint(p))
		c.publish(ids[p], "email", address(p), 4)
	}
	<-took
	b.kill()
	c.awaitEmpty()
	for _, id := range ids {
		if got := c.by(id); !slices.Contains(got, "a") {
			t.Errorf("the delivery %s was applied by %v, want by a", id, got)
		}
	}
}

// TestPartitions_TheNumberChangesWhileFactsArrive: replicas follow each change of the number, and what was published
// under another number is applied as well.
func TestPartitions_TheNumberChangesWhileFactsArrive(t *testing.T) {
	c := newCrew(t, 1, time.Second)
	c.start("a", nil)
	c.start("b", nil)
	var ids []string
	former := 1
	for _, partitions := range []int{4, 16, 2, 1, 64, 1} {
		for p := range 30 {
			id := fmt.Sprintf("%d-%d-of-%d", len(ids), p, partitions)
			ids = append(ids, id)
			c.publish(id, "email", address(p), former)
			if p == 10 {
				c.partitions.Store(int32(partitions))
			}
		}
		former = partitions
	}
	c.awaitEmpty()
	for _, id := range ids {
		if len(c.by(id)) == 0 {
			t.Errorf("the delivery %s was not applied", id)
		}
	}
}
