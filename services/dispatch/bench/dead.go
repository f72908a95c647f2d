package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/internal/config"
)

const (
	// others is how many recipients there are besides the dead one.
	others = 10
	// pace is the interval between two decisions for all recipients.
	pace = 5 * time.Millisecond
	// noise is how much two runs may differ, as a ratio and in time.
	noise     = 1.2
	noiseTime = 300 * time.Microsecond
)

// dead measures the delay of deliveries with and without a dead recipient, which accepts
// connections and never answers.
func (b *bench) dead(ctx context.Context) error {
	var with, without [2]time.Duration
	for round := range rounds {
		a, err := b.delay(ctx, fmt.Sprint("without-", round), false)
		if err != nil {
			return fmt.Errorf("measure the delay: %w", err)
		}
		d, err := b.delay(ctx, fmt.Sprint("with-", round), true)
		if err != nil {
			return fmt.Errorf("measure the delay: %w", err)
		}
		b.say("round %d: p50 %s without a dead recipient, %s with one; p99 %s and %s", round+1, a[0], d[0], a[1], d[1])
		if round == 0 || a[0] < without[0] {
			without = a
		}
		if round == 0 || d[0] < with[0] {
			with = d
		}
	}
	for i, p := range []string{"p50", "p99"} {
		ratio := float64(with[i]) / float64(without[i])
		b.row(
			"decision to webhook beside a dead recipient, "+p,
			with[i].Round(10*time.Microsecond).String(),
			without[i].Round(10*time.Microsecond).
				String()+
				" (no dead one)",
			fmt.Sprintf("%.2f", ratio),
			fmt.Sprintf("<= %.2f", noise),
			ratio <= noise || with[i]-without[i] < noiseTime,
		)
	}
	return nil
}

// delay publishes decisions at a fixed rate and returns the median and the 99th percentile of the
// delay at every live recipient.
func (b *bench) delay(ctx context.Context, name string, dead bool) (p [2]time.Duration, err error) {
	var mu sync.Mutex
	sent := map[string]time.Time{}
	var took []time.Duration
	s, err := startSink(ctx, func(id string) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		took = append(took, now.Sub(sent[id]))
	})
	if err != nil {
		return p, err
	}
	defer s.close()
	recipients, closeDead, err := b.crowd(ctx, s.url, dead)
	if err != nil {
		return p, err
	}
	defer closeDead()
	dir := filepath.Join(b.dir, name)
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	nats, err := startBroker(ctx, dir, false)
	if err != nil {
		return p, err
	}
	defer nats.close()
	a, err := app.New(ctx, app.Options{Config: &config.Config{Recipients: recipients}, NATS: nats.conn, Log: b.log()})
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Start(ctx)
	ids := make([]string, len(recipients))
	for i := range recipients {
		ids[i] = recipients[i].ID
	}
	n := b.size(1000)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		e := event(i, time.Now(), ids...)
		mu.Lock()
		sent[e.ID] = time.Now()
		mu.Unlock()
		if err := nats.fill(ctx, []*stream.Event{e}); err != nil {
			return p, err
		}
	}
	for s.got.Load() < int64(n*others) {
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-time.After(pace):
		}
	}
	mu.Lock()
	defer mu.Unlock()
	took = took[len(took)/10:] // the first connections
	slices.Sort(took)
	return [2]time.Duration{took[len(took)/2], took[len(took)*99/100]}, nil
}

// crowd makes the recipients.
func (b *bench) crowd(ctx context.Context, url string, dead bool) ([]config.Recipient, func(), error) {
	var out []config.Recipient
	for i := range others {
		out = append(out, b.recipient(fmt.Sprint("crm", i), url, 0))
	}
	if !dead {
		return out, func() {}, nil
	}
	nowhere, closed, err := startDead(ctx)
	if err != nil {
		return nil, nil, err
	}
	return append(out, b.recipient("dead", nowhere, 0)), closed, nil
}
