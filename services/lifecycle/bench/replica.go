package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// contested counts writes and version conflicts.
type contested struct {
	apply.Store
	writes, lost *atomic.Int64
}

// Save counts.
func (c contested) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	errs, err := c.Store.Save(ctx, changes)
	c.writes.Add(int64(len(changes)))
	for _, err := range errs {
		if errors.Is(err, store.ErrConflict) {
			c.lost.Add(1)
		}
	}
	return errs, err
}

// replicas measures several services on one stream and one database, each with separate connections
// like a separate process.
func (b *bench) replicas(ctx context.Context) error {
	template := filepath.Join(b.dir, "shared")
	persons, facts := b.size(2000), b.size(8000)
	if err := b.prepare(ctx, template, persons, facts); err != nil {
		return fmt.Errorf("measure replicas: %w", err)
	}
	var alone float64
	for _, n := range []int{1, 2, 4} {
		dir := filepath.Join(b.dir, fmt.Sprintf("shared-%d", n))
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			return err
		}
		took, writes, lost, err := b.share(ctx, dir, n)
		if err != nil {
			return fmt.Errorf("measure %d replicas: %w", n, err)
		}
		rate := float64(facts) / took.Seconds()
		if n == 1 {
			alone = rate
		}
		b.row(fmt.Sprintf("facts applied per second by %d on one stream and one database", n), fmt.Sprintf("%.0f", rate),
			fmt.Sprintf("%.0f (one)", alone), fmt.Sprintf("%.2f", rate/alone), "-", "-")
		b.row(
			fmt.Sprintf("writes that lost against another, of %d", n),
			fmt.Sprintf("%d of %d", lost, writes),
			"-",
			fmt.Sprintf("%.4f", float64(lost)/float64(max(writes, 1))),
			"-",
			"-",
		)
	}
	b.note(
		"%d facts about %d persons, in any order; SQLite has one writer, so this shows the conflicts and not how MongoDB scales",
		facts,
		persons,
	)
	return nil
}

// share runs n services until the stream is empty.
func (b *bench) share(ctx context.Context, dir string, n int) (took time.Duration, writes, lost int64, err error) {
	nats, err := startBroker(ctx, filepath.Join(dir, streams), false)
	if err != nil {
		return 0, 0, 0, err
	}
	defer nats.close()
	var all, losers atomic.Int64
	log := slog.New(slog.NewTextHandler(b.Progress, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := context.WithCancel(ctx)
	var loops sync.WaitGroup
	defer loops.Wait()
	defer stop()
	begin := time.Now()
	for range n {
		st, err := sqlitestore.Open(ctx, filepath.Join(dir, database))
		if err != nil {
			return 0, 0, 0, err
		}
		feed := &natsio.Feed{
			JetStream: nats.js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Log: log,
			Apply: b.applier(contested{st, &all, &losers}, now(), nil).Apply,
		}
		loops.Go(func() {
			feed.Run(ctx)
			if err := st.Close(); err != nil {
				log.Error("close store", "error", err)
			}
		})
	}
	for {
		left, err := nats.left(ctx)
		if err != nil || left == 0 {
			return time.Since(begin), all.Load(), losers.Load(), err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
