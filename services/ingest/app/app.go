// Package app starts the ingest service: webhooks in, facts out.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/broker"
	"github.com/rodopath/rodopath/services/ingest/spool"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/trace"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
	standard "github.com/rodopath/rodopath/services/platforms/standard/webhook"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/webhook"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

// Options configure an App.
type Options struct {
	Config *config.Config
	// NATS is an open connection. The caller owns and closes it.
	NATS *nats.Conn
	// Spool is the file where webhooks wait while the broker is away, unless the
	// configuration names one; empty means that there is none.
	Spool string
	// Extra adds sources to the configured ones.
	Extra []ingest.Source
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Tracer traces webhooks; nil forwards trace ids only.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// App is the ingest service.
type App struct {
	handler http.Handler
	metrics http.Handler
	spool   *spool.Spool // nil when there is none
	// watch looks for silent sources until its context ends.
	watch func(context.Context)
	// ensure makes sure that the streams are there.
	ensure func(context.Context) error
	log    *slog.Logger

	stop context.CancelFunc
	done sync.WaitGroup
}

// New reads the sources. Without a spool New also ensures the streams, and fails while the broker
// is unavailable. Start starts the App.
func New(ctx context.Context, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	providers, err := providers(opts)
	if err != nil {
		return nil, err
	}
	js, err := service.OpenJetStream(opts.NATS)
	if err != nil {
		return nil, err
	}
	a := &App{
		ensure: func(ctx context.Context) error { return service.EnsureStreams(ctx, js, opts.Config) },
		log:    opts.Log,
	}
	// With a spool webhooks are accepted before the broker is available: Start ensures the streams.
	if spoolPath(opts) == "" {
		if err := a.ensure(ctx); err != nil {
			return nil, err
		}
	}
	if err := a.assemble(opts, providers, broker.New(js)); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// spoolPath is the file where webhooks wait; empty means that there is none.
func spoolPath(opts Options) string {
	return cmp.Or(opts.Config.Path(opts.Config.Spool.Path), opts.Spool)
}

// rateLimits are the limits of the sources that have one.
func rateLimits(sources []config.Source) map[string]int {
	out := map[string]int{}
	for i := range sources {
		if n := sources[i].PerMinute; n > 0 {
			out[sources[i].ID] = n
		}
	}
	return out
}

// bodyLimits are the maximum sizes of the bodies of the sources, in bytes.
func bodyLimits(sources []config.Source) map[string]int64 {
	out := map[string]int64{}
	for i := range sources {
		out[sources[i].ID] = sources[i].MaxBody()
	}
	return out
}

// assemble puts the spool and the interface together.
func (a *App) assemble(opts Options, providers map[string]ingest.Provider, publisher ingest.Publisher) error {
	metrics := prometheus.NewRegistry()
	if path := spoolPath(opts); path != "" {
		var err error
		a.spool, err = spool.Open(spool.Options{
			Path:      path,
			MaxBytes:  int64(opts.Config.Spool.MaxMB) << 20,
			Publisher: publisher,
			Log:       opts.Log.With("part", "spool"),
		})
		if err != nil {
			return err
		}
		if err := metrics.Register(a.spool.Collector(opts.Now)); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
		publisher = a.spool
	}
	h, err := ingest.NewHandler(ingest.Options{
		Sources:   providers,
		PerMinute: rateLimits(opts.Config.Sources),
		MaxBody:   bodyLimits(opts.Config.Sources),
		Publisher: publisher,
		Now:       opts.Now,
		Log:       opts.Log,
		Metrics:   metrics,
		Tracer:    opts.Tracer,
	})
	if err != nil {
		return err
	}
	e := echo.New()
	e.HTTPErrorHandler = ingest.ProblemHandler(opts.Log)
	a.watch = h.Watch
	h.Register(e)
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c echo.Context) error {
		// With a spool webhooks are accepted without NATS, until the spool is full.
		err := service.Connected(opts.NATS)
		if err != nil && a.spool != nil && !a.spool.Full() {
			err = nil
		}
		if err != nil {
			return problem.New(http.StatusServiceUnavailable, "not-ready", err.Error()).Write(c.Response())
		}
		return c.String(http.StatusOK, "ready\n")
	})
	a.metrics = promhttp.HandlerFor(metrics, promhttp.HandlerOpts{})
	a.handler, err = access.Limited(e, opts.Config.Limits, opts.Now)
	return err
}

// Start watches the sources and publishes spooled webhooks to the broker. Close stops both.
func (a *App) Start(ctx context.Context) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.done.Go(func() { a.watch(ctx) })
	if a.spool == nil {
		return
	}
	a.done.Go(func() {
		a.await(ctx)
		a.spool.Run(ctx)
	})
}

// ensureEvery is the backoff between attempts to ensure the streams, ensureWithin the timeout of
// one attempt.
const (
	ensureEvery  = time.Second
	ensureWithin = 5 * time.Second
)

// await waits for the streams. Webhooks are spooled meanwhile.
func (a *App) await(ctx context.Context) {
	logged := false
	_ = loop.Poll(ctx, "await streams", ensureEvery, func(ctx context.Context) (bool, error) {
		asking, cancel := context.WithTimeout(ctx, ensureWithin)
		defer cancel()
		err := a.ensure(asking)
		if err != nil && !logged && ctx.Err() == nil {
			logged = true
			a.log.Warn("the broker does not answer; webhooks are spooled on the disk", "error", err)
		}
		return err == nil, nil
	})
}

// Close stops the App and closes the spool; spooled webhooks stay on the disk. Close is called
// after the last answer to a webhook.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
		a.done.Wait()
	}
	if a.spool == nil {
		return nil
	}
	return a.spool.Close()
}

// Settled reports whether the spool is empty.
func (a *App) Settled() bool {
	if a.spool == nil {
		return true
	}
	n, _ := a.spool.Depth()
	return n == 0
}

// CopySpool writes a snapshot of the spool to a new file and returns its number of webhooks.
// Without a spool no file is written.
func (a *App) CopySpool(path string) (int, error) {
	if a.spool == nil {
		return 0, nil
	}
	return a.spool.Copy(path)
}

// Handler receives webhooks and answers about health.
func (a *App) Handler() http.Handler { return a.handler }

// Metrics serves the metrics for Prometheus. Metrics is no part of Handler, which is reachable from
// the internet.
func (a *App) Metrics() http.Handler { return a.metrics }

// providers makes a provider for each source.
func providers(opts Options) (map[string]ingest.Provider, error) {
	out := map[string]ingest.Provider{}
	for i, s := range opts.Config.Sources {
		src, err := source(opts.Config, s)
		if err == nil {
			out[s.ID], err = provider(s.Platform, src)
		}
		out[s.ID] = ingest.WithoutPlaceholders(out[s.ID], s.Placeholders)
		if err != nil {
			return nil, opts.Config.At(fmt.Errorf("source %s: %w", s.ID, err), "sources", i)
		}
	}
	for _, src := range opts.Extra {
		p, err := standard.New(src)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", src.ID, err)
		}
		out[src.ID] = p
	}
	if len(out) == 0 {
		return nil, errors.New("no sources: list the senders of webhooks under \"sources\"")
	}
	return out, nil
}

func provider(platform string, src ingest.Source) (ingest.Provider, error) {
	switch platform {
	case "stripe":
		return stripe.New(src)
	case "woocommerce":
		return woocommerce.New(src)
	case "mailerlite":
		return mailerlite.New(src)
	case "standard":
		return standard.New(src)
	}
	return nil, fmt.Errorf("unknown platform %q", platform)
}

// source follows the references of a configured source.
func source(c *config.Config, s config.Source) (ingest.Source, error) {
	secrets, err := c.Secrets(s.Secrets)
	if err != nil {
		return ingest.Source{}, err
	}
	zone, err := time.LoadLocation(s.Zone) // "" is UTC
	if err != nil {
		return ingest.Source{}, err
	}
	products := make(map[string]ingest.Product, len(s.Products))
	for id, p := range s.Products {
		days := int32(p.Days) //nolint:gosec // bounded by the configuration
		products[id] = ingest.Product{Access: accesses(p.Access), Days: days}
	}
	return ingest.Source{
		ID: s.ID, Secrets: secrets, AcceptTest: s.TestMode == "accept", Zone: zone,
		Wording: s.Wording, Groups: s.Groups, Products: products,
		OptIn: s.OptIn, TaxIDKeys: s.TaxIDKeys, ConsentFrom: s.ConsentFrom,
	}, nil
}

func accesses(name string) factv1.Access {
	switch name {
	case "course":
		return factv1.Access_ACCESS_COURSE
	case "service":
		return factv1.Access_ACCESS_SERVICE
	case "subscription":
		return factv1.Access_ACCESS_SUBSCRIPTION
	}
	return factv1.Access_ACCESS_ONE_OFF
}
