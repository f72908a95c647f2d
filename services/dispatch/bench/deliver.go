package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/internal/config"
)

const (
	// inFlight is how many calls are under way at once, here and in the bare loop.
	inFlight = 16
	// deliverAtLeast is the share of the bare loop that should be reached.
	deliverAtLeast = 0.6
	rounds         = 3
)

// deliver measures how many decisions get to a recipient in a second and are settled,
// beside a bare loop of HTTP calls to the same recipient.
func (b *bench) deliver(ctx context.Context) error {
	n := b.size(30_000)
	events := make([]*stream.Event, n)
	bodies := make([][]byte, n)
	for i := range events {
		events[i] = event(i, time.Now(), "crm")
		body, err := events[i].Encode()
		if err != nil {
			return err
		}
		bodies[i] = body
	}
	var interval, always, bare float64
	for round := range rounds {
		lazy, err := b.ours(ctx, fmt.Sprint("lazy-", round), events, false, round == 0)
		if err != nil {
			return fmt.Errorf("measure delivering: %w", err)
		}
		safe, err := b.ours(ctx, fmt.Sprint("safe-", round), events, true, false)
		if err != nil {
			return fmt.Errorf("measure delivering: %w", err)
		}
		loop, err := b.bareLoop(ctx, bodies)
		if err != nil {
			return fmt.Errorf("measure the bare loop: %w", err)
		}
		b.say(
			"round %d: %.0f decisions per second with fsync interval, %.0f with always, bare loop %.0f",
			round+1,
			lazy,
			safe,
			loop,
		)
		interval, always, bare = max(interval, lazy), max(always, safe), max(bare, loop)
	}
	for _, r := range []struct {
		fsync string
		rate  float64
	}{{"interval", interval}, {"always", always}} {
		b.row(
			fmt.Sprintf("decisions delivered per second, %d bytes, fsync %s", len(bodies[0]), r.fsync),
			fmt.Sprintf("%.0f", r.rate),
			fmt.Sprintf(
				"%.0f (bare HTTP loop)",
				bare,
			),
			fmt.Sprintf("%.2f", r.rate/bare),
			fmt.Sprintf(">= %.2f", deliverAtLeast),
			r.rate/bare >= deliverAtLeast,
		)
	}
	return nil
}

// ours delivers the decisions of a stream and returns the rate of acknowledged decisions per
// second.
func (b *bench) ours(
	ctx context.Context,
	name string,
	events []*stream.Event,
	always, profile bool,
) (rate float64, err error) {
	s, err := startSink(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer s.close()
	dir := filepath.Join(b.dir, name)
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	nats, err := startBroker(ctx, dir, always)
	if err != nil {
		return 0, err
	}
	defer nats.close()
	if err := nats.fill(ctx, events); err != nil {
		return 0, err
	}
	a, err := app.New(ctx, app.Options{
		Config: &config.Config{
			Recipients: []config.Recipient{b.recipient("crm", s.url, inFlight)},
		},
		NATS: nats.conn,
		Log:  b.log(),
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
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
	begin, used := time.Now(), cpu()
	a.Start(ctx)
	for s.got.Load() < int64(len(events)) { // looking at the sink costs nothing
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	if err := a.Settle(ctx); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	if got := s.got.Load(); got != int64(len(events)) {
		return 0, fmt.Errorf("%d of %d decisions were delivered", got, len(events))
	}
	b.say("%s: %s of the processors per decision", name, (cpu()-used)/time.Duration(len(events)))
	return float64(len(events)) / took.Seconds(), nil
}

// bareLoop sends the bodies and does nothing else, and returns how many calls were made
// in a second.
func (b *bench) bareLoop(ctx context.Context, bodies [][]byte) (float64, error) {
	s, err := startSink(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer s.close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight}}
	defer client.CloseIdleConnections()
	var next, failed atomic.Int64
	var loops sync.WaitGroup
	begin, used := time.Now(), cpu()
	for range inFlight {
		loops.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(bodies)); i = next.Add(1) - 1 {
				if post(ctx, client, s.url, bodies[i]) != nil {
					failed.Add(1)
				}
			}
		})
	}
	loops.Wait()
	if n := failed.Load(); n > 0 {
		return 0, fmt.Errorf("%d calls failed", n)
	}
	took := time.Since(begin)
	b.say("bare: %s of the processors per call", (cpu()-used)/time.Duration(len(bodies)))
	return float64(len(bodies)) / took.Seconds(), nil
}

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", stream.ContentType)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}
