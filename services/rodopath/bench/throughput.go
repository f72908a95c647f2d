package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	connections = 64
	// atLeast is the share of the baseline that should be reached.
	atLeast = 0.65
	// mostPerSecond is more webhooks than can be sent.
	mostPerSecond = 30000
	// signedWithin keeps every webhook inside the window of its signature.
	signedWithin = time.Minute
)

// contender is one server and the best that it did.
type contender struct {
	serve
	name    string
	secret  string
	running *server
	best    float64       // webhooks per second
	cost    time.Duration // processor time per webhook in the best round
}

// throughput measures how many webhooks are taken each second, beside a handler
// that only reads the body.
func (b *bench) throughput(ctx context.Context) (err error) {
	all := []*contender{
		{serve: serve{Kind: kindEcho}, name: "echo"},
		{serve: serve{Kind: kindStandalone}, name: "fsync always"},
		{serve: serve{Kind: kindStandalone}, name: "fsync interval"},
		{serve: serve{Kind: kindPaused}, name: "fsync always, lifecycle paused"},
	}
	defer func() {
		for _, c := range all {
			if c.running != nil {
				err = errors.Join(err, c.running.close())
			}
		}
	}()
	for i, c := range all {
		if err := b.enter(ctx, c, i); err != nil {
			return err
		}
	}
	const rounds = 3
	for round := range rounds {
		for _, c := range all {
			if err := b.round(ctx, c, round); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	for _, c := range all[1:] {
		ratio := c.best / all[0].best
		b.table.add(
			"webhooks per second, verified and durable, "+c.name,
			fmt.Sprintf("%.0f", c.best),
			fmt.Sprintf("%.0f (echo)", all[0].best),
			fmt.Sprintf("%.2f", ratio),
			fmt.Sprintf(">= %.2f", atLeast),
			ratio >= atLeast,
		)
		b.table.note(
			"%s: %d µs of processor time per webhook all in all, echo %d µs",
			c.name,
			c.cost.Microseconds(),
			all[0].cost.Microseconds(),
		)
	}
	return b.noteSync()
}

func (b *bench) enter(ctx context.Context, c *contender, i int) (err error) {
	c.Dir = filepath.Join(b.dir, fmt.Sprintf("throughput-%d", i))
	fsync := "always"
	if c.name == "fsync interval" {
		fsync = "interval"
	}
	if c.secret, err = prepare(c.Dir, fsync); err != nil {
		return err
	}
	if b.CPUProfile != "" && i > 0 {
		c.Profile = b.CPUProfile + []string{"", "", ".interval", ".paused"}[i]
	}
	c.running, err = start(ctx, c.serve)
	return err
}

// round lets one server take webhooks for a while, and then finish.
func (b *bench) round(ctx context.Context, c *contender, round int) error {
	before, err := c.running.settle()
	if err != nil {
		return err
	}
	lasts := min(b.lasting(5*time.Second), signedWithin)
	got, err := generate(ctx, load{
		URL: c.running.URL, Secret: c.secret, Connections: connections, For: lasts,
		First: round * 10_000_000, Most: int(lasts.Seconds() * mostPerSecond),
	})
	if err != nil {
		return err
	}
	after, err := c.running.settle()
	if err != nil {
		return err
	}
	rate := float64(got.Sent) / got.Took.Seconds()
	b.say("round %d, %s: %.0f webhooks per second", round+1, c.name, rate)
	if rate > c.best {
		c.best, c.cost = rate, (after-before)/time.Duration(max(got.Sent, 1))
	}
	return nil
}
