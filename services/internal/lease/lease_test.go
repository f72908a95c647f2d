package lease_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/natstest"
)

// term is short, and no test expects anything within it.
const term = 600 * time.Millisecond

// site is a server, and who works on which part.
type site struct {
	*testing.T
	ns *server.Server

	mu sync.Mutex
	// working are the works on each part, by replica.
	working map[int][]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{T: t, ns: natstest.Server(t), working: map[int][]string{}}
}

// replica is one process.
type replica struct {
	*lease.Group
	// leave ends the process in order, and cut cuts it off from the server.
	leave, cut func()
}

func (s *site) start(name string, parts int) *replica {
	s.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s.ns))
	if err != nil {
		s.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		s.Fatal(err)
	}
	r := &replica{cut: nc.Close}
	r.Group = lease.New(lease.Options{
		JetStream: js, Name: "work", Count: parts, Term: term,
		Work: func(ctx context.Context, part int) {
			s.note(part, func(who []string) []string { return append(who, name) })
			<-ctx.Done()
			s.note(part, func(who []string) []string {
				at := slices.Index(who, name)
				return slices.Delete(who, at, at+1)
			})
		},
	})
	ctx, stop := context.WithCancel(s.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.leave = func() { stop(); <-done }
	s.Cleanup(func() { r.leave(); nc.Close() })
	return r
}

func (s *site) note(part int, change func([]string) []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.working[part] = change(slices.Clone(s.working[part]))
}

// parts counts the parts of each replica; false while a part has no replica, or two.
func (s *site) parts(count int) (map[string]int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for part := range count {
		who := s.working[part]
		if len(who) != 1 {
			return nil, false
		}
		out[who[0]]++
	}
	return out, true
}

// await waits until each part has one replica, and each replica its number of parts.
func (s *site) await(count int, want map[string]int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var got map[string]int
	err := loop.Poll(ctx, "await the shares", 10*time.Millisecond, func(context.Context) (bool, error) {
		now, whole := s.parts(count)
		got = now
		return whole && maps.Equal(now, want), nil
	})
	if err != nil {
		s.Fatalf("%v: got the shares %v, want %v", err, got, want)
	}
}

// TestGroup_SharesThePartsAmongTheReplicas: replicas come and go in order, and each part always finds one.
func TestGroup_SharesThePartsAmongTheReplicas(t *testing.T) {
	s := newSite(t)
	const parts = 7
	a := s.start("a", parts)
	s.await(parts, map[string]int{"a": 7})
	b := s.start("b", parts)
	c := s.start("c", parts)
	s.awaitSpread(parts, 3, 2)
	b.leave()
	s.awaitSpread(parts, 2, 3)
	if got := len(a.Held()) + len(c.Held()); got != parts {
		t.Errorf("the replicas say they hold %d parts, want %d", got, parts)
	}
	a.leave()
	s.await(parts, map[string]int{"c": 7})
}

// awaitSpread waits until a number of replicas share all parts, each with at least some.
func (s *site) awaitSpread(count, replicas, least int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var got map[string]int
	err := loop.Poll(ctx, "await the shares", 10*time.Millisecond, func(context.Context) (bool, error) {
		now, whole := s.parts(count)
		got = now
		return whole && len(now) == replicas && slices.Min(slices.Collect(maps.Values(now))) >= least, nil
	})
	if err != nil {
		s.Fatalf("%v: got the shares %v, want %d replicas with at least %d", err, got, replicas, least)
	}
}

// TestGroup_ThePartsOfADeadReplicaAreTakenOver: a replica is cut off for good. It stops its work by itself when its
// leases end, and the other replica takes its parts.
func TestGroup_ThePartsOfADeadReplicaAreTakenOver(t *testing.T) {
	s := newSite(t)
	const parts = 4
	s.start("a", parts)
	s.await(parts, map[string]int{"a": 4})
	b := s.start("b", parts)
	s.await(parts, map[string]int{"a": 2, "b": 2})
	b.cut()
	s.await(parts, map[string]int{"a": 4})
}

// TestGroup_OneReplicaMoreThanThePartsWaits: a replica without a part takes one as soon as one is free.
func TestGroup_OneReplicaMoreThanThePartsWaits(t *testing.T) {
	s := newSite(t)
	a, b := s.start("a", 1), s.start("b", 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	holders := func() int { return len(a.Held()) + len(b.Held()) }
	err := loop.Poll(ctx, "await a holder", 10*time.Millisecond, func(context.Context) (bool, error) {
		return holders() == 1, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Held()) == 1 {
		a.leave()
		s.await(1, map[string]int{"b": 1})
		return
	}
	b.leave()
	s.await(1, map[string]int{"a": 1})
}
