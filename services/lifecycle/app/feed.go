package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// linger is how long facts wait for others, so that a busy shop has few transactions and not one for each webhook.
const linger = 250 * time.Millisecond

// newFeeds makes the feeds of the streams FACTS and RECEIPTS.
func (a *App) newFeeds(opts Options, applier *apply.Applier, reader *receipt.Reader) {
	applyFacts := func(ctx context.Context, deliveries []*factv1.Delivery) error {
		a.observe(deliveries)
		err := applier.Apply(ctx, deliveries)
		if err == nil {
			a.deliveries.Note(deliveries, opts.Now())
		}
		if errors.Is(err, apply.ErrImpossible) {
			err = fmt.Errorf("%w: %w", natsio.ErrUnreadable, err)
		}
		return err
	}
	a.aside = &natsio.Aside{Quarantine: a.quarantine, Keys: applier.Keys}
	a.facts = &natsio.Partitions{
		JetStream: a.js, Replicas: opts.Config.NATS.Replicas, Log: opts.Log.With("loop", "facts"),
		InForce: func(ctx context.Context) (int, error) { return a.partitions(ctx, opts) },
		Feed: func(p natsio.Partition) *natsio.Feed {
			f := a.newFeed(opts, stream.Facts, natsio.DecodeFacts)
			f.Partition, f.Log = p, opts.Log.With("loop", "facts")
			f.InForce, f.Homes = a.facts.InForce, applier.Homes
			f.Apply = func(ctx context.Context, deliveries []*factv1.Delivery) error {
				return errors.Join(a.quarantine.Add(ctx, deliveries), applyFacts(ctx, deliveries))
			}
			return f
		},
	}
	log := opts.Log.With("loop", "receipts")
	receipts := &natsio.Receipts{Read: reader.Read, Shared: shared(opts.Config), Now: opts.Now, Log: log}
	a.receipts = a.newFeed(opts, stream.Receipts, receipts.Decode)
	a.receipts.Apply, a.receipts.Log = applyFacts, log
}

// newFeed makes the common part of both feeds.
func (a *App) newFeed(opts Options, name string, decode natsio.Decode) *natsio.Feed {
	return &natsio.Feed{
		JetStream: a.js, Stream: name, Decode: decode, Aside: a.aside, Linger: linger,
		Alone: opts.Alone, Tracer: opts.Tracer,
		Works: func(ctx context.Context) error { return store.Probe(ctx, a.store, opts.Now()) },
		Waits: func(err error) bool { return errors.Is(err, store.ErrConflict) },
	}
}

// partitionsName is the name of the number of partitions in the store.
const partitionsName = "partitions"

// setPartitions puts the configured number of partitions into force: that of the process that started last. While
// replicas are replaced one by one, those that still run follow.
func (a *App) setPartitions(ctx context.Context, opts Options) error {
	want := max(opts.Config.NATS.Partitions, 1)
	if opts.again || opts.Config.MongoDB.URI == "" {
		return nil
	}
	have, err := a.partitions(ctx, opts)
	if err != nil || have == want {
		return err
	}
	if err := store.WriteState(ctx, a.store, partitionsName, want); err != nil {
		return fmt.Errorf("change the number of partitions: %w", err)
	}
	opts.Log.Info("the number of partitions is changed", "before", have, "now", want)
	return nil
}

// partitions returns the number of partitions in force. SQLite has one process, whose own configuration counts.
func (a *App) partitions(ctx context.Context, opts Options) (int, error) {
	if opts.Config.MongoDB.URI == "" {
		return max(opts.Config.NATS.Partitions, 1), nil
	}
	n, err := store.ReadState[int](ctx, a.store, partitionsName)
	if err != nil {
		return 0, fmt.Errorf("read the number of partitions: %w", err)
	}
	return max(n, 1), nil
}
