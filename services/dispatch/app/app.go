// Package app starts the dispatch service: decisions out to recipients, receipts back.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/httpapi"
	"github.com/rodopath/rodopath/services/dispatch/jetqueue"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/rotation"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// Options configure an App.
type Options struct {
	Config *config.Config
	// NATS is an open connection. The caller owns and closes it.
	NATS *nats.Conn
	// Checker checks each decision before each delivery; nil means the lifecycle of the configuration.
	Checker dispatch.Checker
	// Tokens authorise the HTTP interface, besides the configured tokens.
	Tokens []string
	// DryRun logs the calls to every recipient and makes none.
	DryRun bool
	// Now returns the time; nil means time.Now. Backoff and deadlines use the clock of the machine,
	// as the times of the stream do.
	Now func() time.Time
	// Claim is the time after which another process takes over from a silent one; 0 means 30
	// seconds.
	Claim time.Duration
	// SecretTick is how often the files of secrets are looked at; 0 means two seconds.
	SecretTick time.Duration
	// Sync makes receipts and switches durable; nil means that NATS does.
	Sync streams.Sync
	// Tracer traces decisions; nil forwards trace ids only.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// App is the dispatch service.
type App struct {
	opts       Options
	js         jetstream.JetStream
	switches   *jetqueue.Switches
	secrets    *rotation.Watch
	recipients []*recipient
	fleet      delivery.Fleet
	rehearsals []dryRun
	handler    http.Handler
	metrics    http.Handler

	stop context.CancelFunc
	done sync.WaitGroup
}

// New reads the recipients and makes sure that the streams are there. Start sets the
// service going, and Close must be called in any case.
func New(ctx context.Context, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	a := &App{opts: opts, secrets: rotation.New(opts.Config, opts.SecretTick, opts.Log)}
	// A faulty recipient ends the start before any resource is opened.
	if err := a.read(); err != nil {
		return nil, err
	}
	var err error
	if a.opts.Checker == nil && a.delivers() {
		if a.opts.Checker, err = newChecker(opts.Config, opts.Tokens); err != nil {
			return nil, err
		}
	}
	if a.js, err = service.JetStream(ctx, opts.NATS, opts.Config, opts.Log); err != nil {
		return nil, err
	}
	err = service.AwaitLeader(ctx, opts.Log, func() error {
		a.switches, err = jetqueue.OpenSwitches(ctx, a.js, opts.Config.NATS.Replicas, opts.Sync, opts.Now, opts.Log)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := a.assemble(); err != nil {
		a.switches.Close()
		return nil, err
	}
	return a, nil
}

// delivers reports whether a recipient is served, other than by a dry run.
func (a *App) delivers() bool {
	return slices.ContainsFunc(a.recipients, func(r *recipient) bool { return r.connector != nil && r.rehearsal == nil })
}

// assemble puts the lanes, the metrics and the HTTP interface together.
func (a *App) assemble() error {
	registry := prometheus.NewRegistry()
	counts, err := delivery.NewCounts(registry)
	if err != nil {
		return err
	}
	a.lanes(counts)
	if err := registry.Register(&gauges{app: a}); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	a.metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	tokens, err := access.Configured(a.opts.Config, a.opts.Tokens)
	if err != nil {
		return err
	}
	api, err := httpapi.New(httpapi.Options{
		Recipients: a, Tokens: tokens, Ready: func() error { return service.Connected(a.opts.NATS) },
		Log: a.opts.Log.With("part", "api"),
	})
	if err != nil {
		return err
	}
	e := echo.New()
	api.Register(e)
	a.handler = e
	return nil
}

// Handler answers about health, and the interface under /v1/recipients.
func (a *App) Handler() http.Handler { return a.handler }

// Metrics serves the metrics for Prometheus.
func (a *App) Metrics() http.Handler { return a.metrics }

// Start starts the service. Close stops the service.
func (a *App) Start(ctx context.Context) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.fleet.Start(ctx)
	a.done.Go(func() { a.secrets.Run(ctx) })
	for _, r := range a.rehearsals {
		a.done.Go(func() { r.run(ctx, a.opts.Log) })
	}
}

// flushTimeout bounds the wait for the last acknowledgements to reach the server.
const flushTimeout = 2 * time.Second

// Close stops fetching, waits a few seconds for calls in progress, and releases unacknowledged
// messages. The connection stays open.
func (a *App) Close() error {
	if a.stop != nil {
		a.fleet.Close()
		a.stop()
		a.done.Wait()
	}
	a.switches.Close()
	if err := a.opts.NATS.FlushTimeout(flushTimeout); err != nil && a.opts.NATS.IsConnected() {
		return fmt.Errorf("stop dispatch: %w", err)
	}
	return nil
}

const settlePoll = 10 * time.Millisecond

// Settle waits until no decision is queued for any enabled recipient without a dry run.
func (a *App) Settle(ctx context.Context) error {
	// The server lists a new consumer before it has counted what waits.
	for _, r := range a.recipients {
		if r.queue == nil {
			continue
		}
		if _, err := r.queue.Ensure(ctx); err != nil {
			return err
		}
	}
	return loop.Poll(ctx, "settle", settlePoll, a.settled)
}

// settled reports whether no enabled recipient has a queued decision.
func (a *App) settled(ctx context.Context) (bool, error) {
	waiting, err := jetqueue.Waiting(ctx, a.js)
	if err != nil {
		return false, err
	}
	for _, r := range a.recipients {
		n, known := waiting[r.config.ID]
		if _, _, off := a.switches.Off(r.config.ID); r.lane != nil && !off && (!known || n > 0) {
			return false, nil
		}
	}
	return true, nil
}
