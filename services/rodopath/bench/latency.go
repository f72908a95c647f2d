package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// steady is the load of a busy shop, in webhooks per second.
const steady = 200

// latency measures how long after a webhook its event is there.
func (b *bench) latency(ctx context.Context) error {
	for _, fsync := range []string{"always", "interval"} {
		got, err := b.follow(ctx, fsync)
		if err != nil {
			return fmt.Errorf("fsync %s: %w", fsync, err)
		}
		if got.Lost > 0 {
			return fmt.Errorf("fsync %s: %d of %d webhooks had no event", fsync, got.Lost, got.Sent)
		}
		b.say("fsync %s: p50 %v, p99 %v over %d events", fsync, got.Event50, got.Event99, got.Sent)
		for _, q := range []struct {
			name string
			took time.Duration
		}{{"p50", got.Event50}, {"p99", got.Event99}} {
			b.table.add(fmt.Sprintf("webhook to event at %d per second, %s, fsync %s", steady, q.name, fsync),
				fmt.Sprintf("%.1f ms", float64(q.took.Microseconds())/1000), "-", "-", "-", true)
		}
	}
	return nil
}

func (b *bench) follow(ctx context.Context, fsync string) (got *loaded, err error) {
	dir := filepath.Join(b.dir, "latency-"+fsync)
	secret, err := prepare(dir, fsync)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, serve{Kind: kindStandalone, Dir: dir})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return generate(ctx, steadily(s.URL, secret, dir, b.lasting(10*time.Second)))
}

// steadily is the load of a busy shop; with dir, events are awaited.
func steadily(url, secret, dir string, lasts time.Duration) load {
	return load{
		URL: url, Secret: secret, Connections: connections, Rate: steady, For: lasts,
		Most: int(lasts.Seconds()*steady) + 1, Dir: dir,
	}
}
