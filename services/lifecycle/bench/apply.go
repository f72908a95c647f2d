package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

const (
	// transaction is the number of facts applied together, as in the service.
	transaction = 500
	// applyAtLeast is the target rate, as a share of the baseline.
	applyAtLeast = 0.5
	database     = "rodopath.db"
	streams      = "nats"
)

// now is the fixed day of all measurements.
func now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// apply measures the rate at which waiting facts are applied and decisions published. The baseline
// is a loop over SQLite with the same number of reads and writes.
func (b *bench) apply(ctx context.Context) error {
	r := &race{bench: b, template: filepath.Join(b.dir, "template"), persons: b.size(10_000), facts: b.size(50_000)}
	if err := b.prepare(ctx, r.template, r.persons, r.facts); err != nil {
		return fmt.Errorf("measure applying: %w", err)
	}
	const rounds = 3
	for round := range rounds {
		if err := r.round(ctx, round); err != nil {
			return fmt.Errorf("measure applying: %w", err)
		}
	}
	for _, row := range []struct {
		name string
		rate float64
	}{{"always", r.always}, {"interval", r.interval}} {
		ratio := row.rate / r.bare
		b.row(
			"facts applied per second, end to end, fsync "+row.name,
			fmt.Sprintf("%.0f", row.rate),
			fmt.Sprintf("%.0f (bare SQLite)", r.bare),
			fmt.Sprintf("%.2f", ratio),
			fmt.Sprintf(">= %.2f", applyAtLeast),
			yes(ratio >= applyAtLeast),
		)
	}
	b.note("%d facts about %d persons, %d bytes a document on average", r.facts, r.persons, r.size)
	return nil
}

// race is the service against the bare loop: the best rates so far, in facts per
// second.
type race struct {
	*bench
	template               string
	persons, facts, size   int
	always, interval, bare float64
}

func (r *race) round(ctx context.Context, round int) error {
	always, err := r.service(ctx, fmt.Sprintf("always-%d", round), true, round == 0)
	if err != nil {
		return err
	}
	interval, err := r.service(ctx, fmt.Sprintf("interval-%d", round), false, false)
	if err != nil {
		return err
	}
	took, err := bareLoop(ctx, filepath.Join(r.dir, fmt.Sprintf("bare-%d.db", round)), r.persons, r.facts, r.size)
	if err != nil {
		return fmt.Errorf("bare loop: %w", err)
	}
	bare := float64(r.facts) / took.Seconds()
	r.always, r.interval, r.bare = max(r.always, always), max(r.interval, interval), max(r.bare, bare)
	r.say(
		"round %d: %.0f facts per second with fsync always, %.0f with interval, bare loop %.0f",
		round+1,
		always,
		interval,
		bare,
	)
	return nil
}

// service runs the service on a copy of the template and returns the rate.
func (r *race) service(ctx context.Context, name string, always, profile bool) (float64, error) {
	dir := filepath.Join(r.dir, name)
	took, err := r.applyRound(ctx, r.template, dir, always, profile)
	if err != nil {
		return 0, err
	}
	before, err := meanDocument(ctx, filepath.Join(r.template, database))
	if err != nil {
		return 0, err
	}
	after, err := meanDocument(ctx, filepath.Join(dir, database))
	r.size = (before + after) / 2
	return float64(r.facts) / took.Seconds(), errors.Join(err, os.RemoveAll(dir))
}

// prepare makes a store of persons with some facts each, and a stream full of
// more.
func (b *bench) prepare(ctx context.Context, dir string, persons, facts int) (err error) {
	b.say("preparing %d persons and %d facts", persons, facts)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	st, err := sqlitestore.Open(ctx, filepath.Join(dir, database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	c := newCrowd("a", persons, 1)
	past := c.deliveries(5*persons, now().AddDate(-2, 0, 0), now().AddDate(0, -1, 0), true)
	applier := b.applier(st, now().AddDate(0, -1, 1), nil)
	for from := 0; from < len(past); from += transaction {
		if err := applier.Apply(ctx, past[from:min(from+transaction, len(past))]); err != nil {
			return err
		}
	}
	if err := b.discard(ctx, st); err != nil {
		return err
	}
	nats, err := startBroker(ctx, filepath.Join(dir, streams), false)
	if err != nil {
		return err
	}
	defer nats.close()
	return nats.fill(ctx, c.deliveries(facts, now().AddDate(0, 0, -20), now().Add(-time.Hour), false))
}

// applyRound applies the facts in a copy of the template and returns the time until the last
// decision is published.
func (b *bench) applyRound(
	ctx context.Context,
	template, dir string,
	always, profile bool,
) (took time.Duration, err error) {
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		return 0, err
	}
	st, err := sqlitestore.Open(ctx, filepath.Join(dir, database))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	nats, err := startBroker(ctx, filepath.Join(dir, streams), always)
	if err != nil {
		return 0, err
	}
	defer nats.close()
	if profile && b.CPUProfile != "" {
		file, err := os.Create(b.CPUProfile)
		if err != nil {
			return 0, err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return 0, errors.Join(err, file.Close())
		}
		defer pprof.StopCPUProfile()
	}
	return b.drain(ctx, st, nats)
}

// drain runs the loops of the service until nothing is left to do.
func (b *bench) drain(ctx context.Context, st *sqlitestore.Store, nats *broker) (time.Duration, error) {
	log := slog.New(slog.NewTextHandler(b.Progress, &slog.HandlerOptions{Level: slog.LevelWarn}))
	out := background.NewRelay(background.RelayOptions{
		Store:     st,
		Publisher: &natsio.Events{JetStream: nats.js},
		Journal:   b.journal(st),
		Vault:     b.vault,
		Policy:    b.policy,
		Log:       log,
	})
	in := &natsio.Feed{
		JetStream: nats.js,
		Stream:    stream.Facts,
		Decode:    natsio.DecodeFacts,
		Apply:     b.applier(st, now(), out.Wake).Apply,
		Log:       log,
	}
	ctx, stop := context.WithCancel(ctx)
	var loops sync.WaitGroup
	defer loops.Wait()
	defer stop()
	begin := time.Now()
	loops.Go(func() { in.Run(ctx) })
	loops.Go(func() { out.Run(ctx) })
	for {
		left, err := nats.left(ctx)
		if err != nil {
			return 0, err
		}
		if left == 0 {
			if pending, err := st.Pending(ctx, 1); err != nil || len(pending) == 0 {
				return time.Since(begin), err
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}
