package lifecycle_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
)

// BenchmarkPartitions measures the share of writes that end in a version conflict, and the facts applied per second,
// when replicas share the stream in partitions. The replicas hold their partitions before the facts arrive, all at
// once.
func BenchmarkPartitions(b *testing.B) {
	s := newSetup(b)
	c := newCrowd("a", applyPersons, 1)
	past := c.deliveries(5*applyPersons, now.AddDate(-2, 0, 0), now.AddDate(0, -1, 0), false)
	waiting := c.deliveries(applyFacts, now.AddDate(0, 0, -20), now.Add(-time.Hour), true)
	for _, kind := range []string{"sqlite", "mongodb"} {
		for _, replicas := range []int{1, 2, 4} {
			for _, partitions := range []int{1, 4, 16} {
				b.Run(fmt.Sprintf("%s/replicas=%d/partitions=%d", kind, replicas, partitions), func(b *testing.B) {
					counter := &counted{}
					for b.Loop() {
						s.on(b).share(kind, past, waiting, replicas, partitions, counter)
					}
					reportRate(b, applyFacts, "facts/s")
					b.ReportMetric(float64(counter.conflicts.Load())/float64(counter.writes.Load()), "conflicts/write")
				})
			}
		}
	}
}

// stores returns a function that opens the same new store for each replica.
func (s *setup) stores(kind string) func() apply.Store {
	if kind == "sqlite" {
		path := filepath.Join(s.TempDir(), "rodopath.db")
		return func() apply.Store { return lifecycletest.StoreAt(s, path) }
	}
	server, err := mongowire.Listen(mongowire.Options{})
	ok(s.B, err)
	s.Cleanup(func() { ok(s.B, server.Close()) })
	return func() apply.Store {
		st, err := mongostore.Open(s.Context(), mongostore.Options{URI: server.URI(), Database: "rodopath"})
		ok(s.B, err)
		s.Cleanup(func() { ok(s.B, st.Close()) })
		return st
	}
}

// share measures replicas until the stream is empty.
func (s *setup) share(kind string, past, waiting []*factv1.Delivery, replicas, partitions int, counter *counted) {
	s.StopTimer()
	defer s.StartTimer()
	open, js := s.stores(kind), jetStream(s.B, false)
	first := s.applier(open(), now.AddDate(0, -1, 1), nil)
	for page := range slices.Chunk(past, benchPage) {
		ok(s.B, first.Apply(s.Context(), page))
	}
	ctx, stop := context.WithCancel(s.Context())
	var loops sync.WaitGroup
	defer loops.Wait()
	defer stop()
	all := make([]*natsio.Partitions, replicas)
	for i := range all {
		st, log := counter.around(open()), slog.New(slog.DiscardHandler)
		applier := s.applier(st, now, nil)
		all[i] = &natsio.Partitions{
			JetStream: js, Log: log, Term: 3 * time.Second,
			InForce: func(context.Context) (int, error) { return partitions, nil },
			Feed: func(p natsio.Partition) *natsio.Feed {
				return &natsio.Feed{
					JetStream: js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Partition: p, Log: log,
					Apply: applier.Apply, Homes: applier.Homes,
				}
			},
		}
		loops.Go(func() { all[i].Run(ctx) })
	}
	if partitions > 1 {
		s.awaitShares(all, partitions+1)
	}
	s.publish(js, waiting, partitions)
	s.StartTimer()
	ok(s.B, loop.Poll(ctx, "apply the facts", 5*time.Millisecond, func(ctx context.Context) (bool, error) {
		facts, err := js.Stream(ctx, stream.Facts)
		return err == nil && facts.CachedInfo().State.Msgs == 0, err
	}))
	s.StopTimer()
}

// awaitShares waits until all parts are held, evenly.
func (s *setup) awaitShares(all []*natsio.Partitions, parts int) {
	s.Helper()
	ok(s.B, loop.Poll(s.Context(), "share the partitions", 10*time.Millisecond, func(context.Context) (bool, error) {
		held := 0
		for _, p := range all {
			if n := p.Held(); n <= (parts+len(all)-1)/len(all) {
				held += n
			}
		}
		return held == parts, nil
	}))
}

func (s *setup) publish(js jetstream.JetStream, waiting []*factv1.Delivery, partitions int) {
	s.Helper()
	for _, d := range waiting {
		data, err := proto.Marshal(d)
		ok(s.B, err)
		_, err = js.PublishAsync(streams.FactsSubject(d, partitions), data, jetstream.WithMsgID(d.GetId()))
		ok(s.B, err)
	}
	<-js.PublishAsyncComplete()
}
