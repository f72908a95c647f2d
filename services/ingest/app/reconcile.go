package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/reconcile"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/platforms/access"
	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	stripehistory "github.com/rodopath/rodopath/services/platforms/stripe/history"
)

// reachOf is how far back a nightly look reads: as far as Stripe lists events, and elsewhere a week.
func reachOf(platform string) time.Duration {
	const week = 7 * 24 * time.Hour
	if platform == "stripe" {
		return stripehistory.EventsKept
	}
	return week
}

// looks makes the reconciler of the sources with an access to their platform; nil without such a source.
func looks(
	opts Options,
	h *ingest.Handler,
	past *ingest.History,
	notes *connection.Book,
	m *lookMetrics,
) *reconcile.Reconciler {
	var sources []reconcile.Source
	for i := range opts.Config.Sources {
		s := &opts.Config.Sources[i]
		if s.Read == (config.Read{}) {
			continue
		}
		zone, err := time.LoadLocation(s.Zone) // "" is UTC
		if err != nil {
			zone = time.UTC // refused by the configuration
		}
		sources = append(sources, reconcile.Source{
			ID: s.ID, Reach: reachOf(s.Platform), Zone: zone,
			Open: func() (reconcile.Platform, error) { return openPlatform(opts, s) },
		})
	}
	if len(sources) == 0 {
		return nil
	}
	return reconcile.New(reconcile.Options{
		Sources: sources, Finder: past, Notes: notes, Now: opts.Now, Log: opts.Log.With("loop", "reconcile"),
		Every: opts.LookEvery, Tick: opts.LookTick,
		Seen: func(source string, look *connection.Look) {
			m.show(source, look)
			h.NoteDefects(source, look.Faults)
		},
	})
}

// platform is the interface of the platform of one source.
type platform struct {
	account *access.Account
	want    endpoint.Want
	options history.Options
	kind    string
}

func openPlatform(opts Options, s *config.Source) (*platform, error) {
	key, err := opts.Config.Secret(s.Read.Key)
	if err != nil {
		return nil, err
	}
	secrets, err := opts.Config.Secrets(s.Secrets)
	if err != nil {
		return nil, err
	}
	o := history.Options{
		URL: s.Read.URL, Key: key, AllowPrivate: s.Read.AllowPrivate, Groups: s.Groups,
		PerSecond: float64(s.Read.PerSecond), Now: opts.Now,
	}
	account, err := access.Open(s.Platform, o)
	if err != nil {
		return nil, err
	}
	want := endpoint.Want{Source: s.ID, Single: account.Single, Secrets: secrets}
	if opts.Config.PublicURL != "" {
		want.URL = strings.TrimRight(opts.Config.PublicURL, "/") + "/webhooks/" + s.ID
	}
	return &platform{account, want, o, s.Platform}, nil
}

// Webhooks implements reconcile.Platform.
func (p *platform) Webhooks(ctx context.Context) ([]endpoint.Webhook, []endpoint.Defect, time.Time, error) {
	hooks, err := p.account.Webhooks(ctx)
	if err == nil {
		p.want.Topics, err = p.account.Needed(ctx)
	}
	if err != nil {
		return nil, nil, p.account.Now(), err
	}
	return p.want.Of(hooks), endpoint.Judge(&p.want, hooks), p.account.Now(), nil
}

// Changes implements reconcile.Platform.
func (p *platform) Changes(w reconcile.Window) (history.Reader, error) {
	o := p.options
	o.Since, o.Until = w.Since, w.Until
	return access.Changes(p.kind, o, w.Wide)
}

// lookMetrics show the state of the reconciliation.
type lookMetrics struct{ last, failed *prometheus.GaugeVec }

func newLookMetrics(registry prometheus.Registerer, sources []config.Source) (*lookMetrics, error) {
	m := &lookMetrics{
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rodopath_reconcile_last_seconds",
			Help: "Time of the last complete comparison with the platform, in Unix seconds, by source.",
		}, []string{"source"}),
		failed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rodopath_reconcile_failed",
			Help: "1 while the last comparison with the platform failed, by source.",
		}, []string{"source"}),
	}
	if err := cmp.Or(registry.Register(m.last), registry.Register(m.failed)); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	for i := range sources {
		m.failed.WithLabelValues(sources[i].ID).Set(0)
	}
	return m, nil
}

func (m *lookMetrics) show(source string, look *connection.Look) {
	failed := 0.0
	if look.Error != "" {
		failed = 1
	}
	m.failed.WithLabelValues(source).Set(failed)
	if !look.Done.IsZero() {
		m.last.WithLabelValues(source).Set(float64(look.Done.Unix()))
	}
}
