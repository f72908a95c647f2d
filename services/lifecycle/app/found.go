package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/source"
)

// foundEvery is how often the log repeats that facts were missed at a source.
const foundEvery = time.Hour

// finds counts the facts that no webhook told.
type finds struct {
	notes *connection.Book
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	logged map[string]time.Time
}

// note counts facts that were stored.
func (f *finds) note(ctx context.Context, facts []fact.Fact) {
	now, by := f.now().UTC(), map[string]*connection.Found{}
	for i := range facts {
		x := &facts[i]
		if by[x.Source] == nil {
			by[x.Source] = &connection.Found{}
		}
		by[x.Source].Add(connection.Found{Facts: 1, At: now, First: x.Occurred, Last: x.Occurred})
	}
	for id, found := range by {
		if f.isFirst(id, now) {
			f.log.Warn("webhooks of a source were missed, and the comparison with the platform found their facts",
				"source", id, "facts", found.Facts, "next", "rodopath sources")
		}
		if err := f.notes.NoteFound(ctx, id, *found); err != nil {
			f.log.Error("facts that no webhook told are not counted", "source", id, "facts", found.Facts, "error", err)
		}
	}
}

// isFirst reports whether the log has not named a source for long.
func (f *finds) isFirst(id string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.logged[id]) < foundEvery {
		return false
	}
	f.logged[id] = now
	return true
}

// configuredSources are the sources of the configuration.
func configuredSources(c *config.Config) []source.Configured {
	var out []source.Configured
	for i := range c.Sources {
		s := &c.Sources[i]
		out = append(out, source.Configured{ID: s.ID, Platform: s.Platform, Reads: s.Read != config.Read{}})
	}
	return out
}

// missed sends the number of facts that no webhook told, by source.
func (b *backlog) missed(ctx context.Context, ch chan<- prometheus.Metric, d *prometheus.Desc) {
	for _, s := range b.app.sources {
		found, err := b.app.finds.notes.Found(ctx, s.ID)
		if err != nil {
			continue // unknown now, and no reason to show no other metric
		}
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(found.Facts), s.ID)
	}
}
