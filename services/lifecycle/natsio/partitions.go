package natsio

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// Partitions consumes the stream of facts in partitions, of which each replica holds a fair number. With one partition
// all replicas share the stream.
type Partitions struct {
	JetStream jetstream.JetStream
	// InForce returns the number of partitions in force. The number may change while the process runs.
	InForce func(ctx context.Context) (int, error)
	// Feed makes the feed of a partition.
	Feed func(Partition) *Feed
	// Replicas is the number of servers that hold the leases; 0 means 1.
	Replicas int
	// Term is the time after which the partitions of a dead replica are free; 0 means 15 seconds.
	Term time.Duration
	// Every is how often the number in force is looked at; 0 means 5 seconds.
	Every time.Duration
	Log   *slog.Logger

	mu    sync.Mutex
	group *lease.Group // nil without leases
}

// Held is the number of partitions that this replica holds, the rest included; 0 without leases.
func (p *Partitions) Held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.group == nil {
		return 0
	}
	return len(p.group.Held())
}

// Run consumes until the context ends.
func (p *Partitions) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := p.InForce(ctx)
		if err != nil {
			if ctx.Err() == nil {
				p.Log.Error("the number of partitions cannot be read; the next attempt follows", "error", err)
			}
			loop.Sleep(ctx, defaultPause)
			continue
		}
		p.runAs(ctx, n)
	}
}

// runAs consumes in a number of partitions, until another number is in force.
func (p *Partitions) runAs(ctx context.Context, partitions int) {
	ctx, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { p.consume(ctx, partitions) })
	for loop.Sleep(ctx, cmp.Or(p.Every, defaultEvery)) {
		n, err := p.InForce(ctx)
		if err != nil || n == partitions { // while the number is unknown, the work goes on
			continue
		}
		p.Log.Info("the number of partitions changed", "before", partitions, "now", n)
		break
	}
	stop()
	work.Wait()
}

func (p *Partitions) consume(ctx context.Context, partitions int) {
	if partitions <= 1 {
		p.Feed(Partition{}).Run(ctx)
		return
	}
	group := lease.New(lease.Options{
		JetStream: p.JetStream, Replicas: p.Replicas, Term: p.Term, Log: p.Log,
		Name: "facts-" + strconv.Itoa(partitions), Count: partitions + 1, // the last part is the rest
		Work: func(ctx context.Context, part int) { p.Feed(Partition{Index: part, Of: partitions}).Run(ctx) },
	})
	p.set(group)
	defer p.set(nil)
	group.Run(ctx)
}

func (p *Partitions) set(group *lease.Group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.group = group
}
