// Package app starts the ingest service: webhooks in, facts out.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/broker"
	"github.com/rodopath/rodopath/services/ingest/intake"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/internal/rotation"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/streams"
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
	// Intake is the directory of the log of accepted webhooks, unless the configuration names one; empty
	// means that there is no log.
	Intake string
	// Sealer encrypts the keys of the log; nil means the configured key, or a key in the directory of the log.
	Sealer intake.Sealer
	// Sync makes published messages durable; nil means that NATS does.
	Sync streams.Sync
	// Packed publishes small deliveries together; see broker.Options. The lifecycle is of the same program.
	Packed bool
	// Extra adds sources to the configured ones.
	Extra []ingest.Source
	// Tokens authorise the telling of histories, besides the configured tokens.
	Tokens []string
	// Still compares nothing with the platforms: a short-lived process leaves that to a long-running server.
	Still bool
	// LookEvery is how often a source with an access to its platform is compared with it, and LookTick how often it is
	// checked what is due; 0 means an hour and a minute.
	LookEvery, LookTick time.Duration
	// DrainFor is how long Close forwards the log before the App ends; 0 means not at all.
	DrainFor time.Duration
	// SecretTick is how often the files of secrets are looked at; 0 means two seconds.
	SecretTick time.Duration
	// ImportTick is how often orders of imports are looked for; 0 means two seconds.
	ImportTick time.Duration
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Tracer traces webhooks; nil forwards trace ids only.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// App is the ingest service.
type App struct {
	handler http.Handler
	history http.Handler
	metrics http.Handler
	intake  *intake.Log // nil when there is none
	// loops watch the sources until their context ends, and notes are the loops that need the broker.
	loops, notes []func(context.Context)
	// ensure makes sure that the streams are there.
	ensure func(context.Context) error
	log    *slog.Logger
	// drainFor bounds the wait of Close.
	drainFor time.Duration

	stop context.CancelFunc
	done sync.WaitGroup
}

// New reads the sources. Without an intake log New also ensures the streams, and fails while the broker
// is unavailable. Start starts the App.
func New(ctx context.Context, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	secrets := rotation.New(opts.Config, opts.SecretTick, opts.Log)
	providers, err := providers(opts, secrets)
	if err != nil {
		return nil, err
	}
	js, err := service.OpenJetStream(opts.NATS)
	if err != nil {
		return nil, err
	}
	a := &App{
		ensure: func(ctx context.Context) error { return service.EnsureStreams(ctx, js, opts.Config) },
		log:    opts.Log, drainFor: opts.DrainFor,
		loops: []func(context.Context){secrets.Run},
	}
	// With a log webhooks are accepted before the broker is available: Start ensures the streams.
	if intakeDir(opts) == "" {
		if err := a.ensure(ctx); err != nil {
			return nil, err
		}
	}
	if err := a.assemble(ctx, opts, providers, js); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// intakeDir is the directory of the log; empty means that there is none.
func intakeDir(opts Options) string {
	return cmp.Or(opts.Config.Path(opts.Config.Intake.Path), opts.Intake)
}

// formerSpool is the file beside the log in which an earlier version kept webhooks.
const formerSpool = "spool.db"

// openIntake opens the log, with the webhooks of an earlier version; nil without a directory.
func openIntake(ctx context.Context, opts Options, b *broker.Broker) (*intake.Log, error) {
	dir, c := intakeDir(opts), opts.Config
	switch {
	case dir == "" && c.Intake.Accept == "disk":
		return nil, errors.New("intake.accept: disk needs a directory: set intake.path")
	case dir == "":
		return nil, nil
	}
	sealer := opts.Sealer
	if c.Intake.Key != "" {
		secret, err := c.Secret(c.Intake.Key)
		if err == nil {
			sealer, err = intake.NewSealer([]byte(secret))
		}
		if err != nil {
			return nil, c.At(err, "intake", "key")
		}
	}
	o := intake.Options{
		Dir: dir, MaxBytes: int64(c.Intake.MaxMB) << 20, Sealer: sealer, Broker: b, BrokerFirst: c.Intake.BrokerFirst(c.NATS),
		Log: opts.Log.With("part", "intake"),
	}
	o.Sync = func(ctx context.Context) error { return opts.Sync.Do(ctx, stream.Facts) }
	l, err := intake.Open(o)
	if err != nil {
		return nil, err
	}
	if n, err := l.Adopt(ctx, filepath.Join(filepath.Dir(dir), formerSpool)); err != nil {
		return nil, errors.Join(err, l.Close())
	} else if n > 0 {
		opts.Log.Info("webhooks of an earlier version moved to the intake log", "webhooks", n)
	}
	return l, nil
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

// assemble puts the log and the interface together.
func (a *App) assemble(
	ctx context.Context,
	opts Options,
	providers map[string]ingest.Provider,
	js jetstream.JetStream,
) error {
	b := broker.New(js, broker.Options{Partitions: opts.Config.NATS.Partitions, Packed: opts.Packed})
	metrics := prometheus.NewRegistry()
	var publisher ingest.Publisher = b
	var err error
	if a.intake, err = openIntake(ctx, opts, b); err != nil {
		return err
	}
	if a.intake != nil {
		if err := metrics.Register(a.intake.Collector(opts.Now)); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
		publisher = a.intake
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
	if err := a.observe(
		opts,
		h,
		providers,
		publisher,
		b,
		js,
		metrics,
	); err != nil {
		return err
	}
	e := echo.New()
	e.HTTPErrorHandler = ingest.ProblemHandler(opts.Log)
	h.Register(e)
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c echo.Context) error {
		// With a log webhooks are accepted without NATS, until the log is full.
		err := service.Connected(opts.NATS)
		if a.intake != nil {
			if err = nil; a.intake.Full() {
				err = errors.New("the intake log is full")
			}
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

// observe makes what watches the sources: their webhooks, their platforms and their histories.
func (a *App) observe(
	opts Options, h *ingest.Handler, providers map[string]ingest.Provider, publisher ingest.Publisher,
	b *broker.Broker, js jetstream.JetStream, metrics prometheus.Registerer,
) error {
	book := connection.New(js, opts.Config.NATS.Replicas)
	kept := &dryrun.Facts{JetStream: js, Replicas: opts.Config.NATS.Replicas}
	keeper := &broker.Keeper{Broker: b, Facts: kept, Log: opts.Log}
	past, err := newHistory(opts, providers, publisher, keeper.Keep)
	if err != nil {
		return err
	}
	a.history = ownersOf(opts, past)
	shown, err := newLookMetrics(metrics, opts.Config.Sources)
	if err != nil {
		return err
	}
	a.loops = append(a.loops, h.Watch, func(ctx context.Context) { a.serveRereads(ctx, opts, past) })
	a.notes = append(a.notes, func(ctx context.Context) { h.NoteArrivals(ctx, book) })
	if a.intake != nil {
		a.notes = append(a.notes, a.intake.Run)
	}
	if opts.Still {
		return nil
	}
	a.notes = append(a.notes, a.newImports(opts, past, js, book, kept).Run)
	if r := looks(opts, h, past, book, shown); r != nil {
		a.notes = append(a.notes, r.Run)
	}
	return nil
}

// newHistory makes the handler of histories.
func newHistory(
	opts Options,
	providers map[string]ingest.Provider,
	publisher ingest.Publisher,
	keep func(context.Context, string, []*factv1.Delivery) (bool, error),
) (*ingest.History, error) {
	tokens, err := access.Configured(opts.Config, opts.Tokens)
	if err != nil && len(opts.Tokens) > 0 {
		return nil, err
	}
	if err != nil { // ingest as a service of its own need not know the tokens of the owner
		opts.Log.Info("no history is taken: the tokens of the interface are not known here", "cause", err)
	}
	return ingest.NewHistory(ingest.HistoryOptions{
		Sources: providers, Publisher: publisher, Keep: keep, MaxBody: bodyLimits(opts.Config.Sources),
		Tokens: tokens, Now: opts.Now, Log: opts.Log,
	})
}

// ownersOf is the interface of the owner.
func ownersOf(opts Options, past *ingest.History) http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = ingest.ProblemHandler(opts.Log)
	past.Register(e)
	return e
}

// Start watches the sources, compares them with their platforms and forwards the log to the broker. Close stops both.
func (a *App) Start(ctx context.Context) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, run := range a.loops {
		a.done.Go(func() { run(ctx) })
	}
	a.done.Go(func() {
		if a.await(ctx); ctx.Err() != nil {
			return
		}
		for _, run := range a.notes {
			a.done.Go(func() { run(ctx) })
		}
	})
}

// ensureEvery is the backoff between attempts to ensure the streams, ensureWithin the timeout of
// one attempt.
const (
	ensureEvery  = time.Second
	ensureWithin = 5 * time.Second
)

// await waits for the streams. Webhooks are accepted meanwhile.
func (a *App) await(ctx context.Context) {
	logged := false
	_ = loop.Poll(ctx, "await streams", ensureEvery, func(ctx context.Context) (bool, error) {
		asking, cancel := context.WithTimeout(ctx, ensureWithin)
		defer cancel()
		err := a.ensure(asking)
		if err != nil && !logged && ctx.Err() == nil {
			logged = true
			a.log.Warn("the broker does not answer; webhooks are accepted and stay in the intake log", "error", err)
		}
		return err == nil, nil
	})
}

// drainLook is the interval between two looks at a log that is drained.
const drainLook = 20 * time.Millisecond

// ErrLeft means that webhooks stay in the log on the disk.
var ErrLeft = errors.New(
	"webhooks stay in the intake log: start ingest with this volume, or \"ingest --forward\", once NATS answers")

// Drain waits until every accepted webhook is at the broker. The error is ErrLeft when the context ended before.
func (a *App) Drain(ctx context.Context) error {
	err := loop.Poll(
		ctx,
		"drain the intake log",
		drainLook,
		func(context.Context) (bool, error) { return a.Settled(), nil },
	)
	if err != nil {
		return fmt.Errorf("%w (%d)", ErrLeft, a.intake.Waiting())
	}
	return nil
}

// Close forwards the log for a while, stops the App and closes the log; webhooks that are not forwarded stay on the
// disk. Close is called after the last answer to a webhook.
func (a *App) Close() error {
	if a.stop != nil {
		if a.drainFor > 0 && !a.Settled() {
			ctx, cancel := context.WithTimeout(context.Background(), a.drainFor)
			if err := a.Drain(ctx); err != nil {
				a.log.Error("ingest stops before the intake log is forwarded", "error", err)
			}
			cancel()
		}
		a.stop()
		a.done.Wait()
	}
	if a.intake == nil {
		return nil
	}
	return a.intake.Close()
}

// Settled reports whether every accepted webhook is at the broker.
func (a *App) Settled() bool { return a.intake == nil || a.intake.Waiting() == 0 }

// CopyIntake writes a copy of the log to a new directory and returns its number of webhooks. Without a log
// nothing is written.
func (a *App) CopyIntake(dir string) (int, error) {
	if a.intake == nil {
		return 0, nil
	}
	return a.intake.Copy(dir)
}

// Handler receives webhooks and answers about health.
func (a *App) Handler() http.Handler { return a.handler }

// History takes the histories of sources from the owner, with a token. History is no part of Handler, which is
// reachable from the internet.
func (a *App) History() http.Handler { return a.history }

// Metrics serves the metrics for Prometheus. Metrics is no part of Handler, which is reachable from
// the internet.
func (a *App) Metrics() http.Handler { return a.metrics }

// providers makes a provider for each source. A provider follows the files of its secrets.
func providers(opts Options, secrets *rotation.Watch) (map[string]ingest.Provider, error) {
	out := map[string]ingest.Provider{}
	for i, s := range opts.Config.Sources {
		p, err := rotation.Follow(secrets, "source "+s.ID, s.Secrets, func() (ingest.Provider, error) {
			src, err := source(opts.Config, s)
			if err != nil {
				return nil, err
			}
			return provider(s.Platform, src)
		})
		if err != nil {
			return nil, opts.Config.At(fmt.Errorf("source %s: %w", s.ID, err), "sources", i)
		}
		out[s.ID] = ingest.WithoutPlaceholders(current{p}, s.Placeholders)
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

// current is the provider of a source under the secrets that are in force.
type current struct {
	*rotation.Value[ingest.Provider]
}

// Verify implements ingest.Provider.
func (c current) Verify(header http.Header, body []byte, at time.Time) error {
	return c.Get().Verify(header, body, at)
}

// Read implements ingest.Provider.
func (c current) Read(header http.Header, body []byte, at time.Time) (ingest.Reading, error) {
	return c.Get().Read(header, body, at)
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
	webinars := make(map[string]time.Time, len(s.Webinars))
	for id, day := range s.Webinars {
		if webinars[id], err = time.ParseInLocation(time.DateOnly, day, zone); err != nil {
			return ingest.Source{}, err
		}
	}
	return ingest.Source{
		ID: s.ID, Secrets: secrets, AcceptTest: s.TestMode == "accept", Zone: zone,
		Wording: s.Wording, Groups: s.Groups, Webinars: webinars, OSS: s.OSS, Products: products,
		OptIn: s.OptIn, TaxIDKeys: s.TaxIDKeys, ConsentFrom: s.ConsentFrom,
		SelfAnswering: selfAnswering(c.Recipients),
	}, nil
}

// selfAnswering returns the recipients with a token of their own.
func selfAnswering(recipients []config.Recipient) []string {
	var ids []string
	for i := range recipients {
		if recipients[i].Token != "" {
			ids = append(ids, recipients[i].ID)
		}
	}
	return ids
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
