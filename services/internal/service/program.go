package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// App is a running service.
type App interface {
	// Start starts the background work, Close ends it.
	Start(ctx context.Context)
	Close() error
	// Handler answers requests, Metrics those of Prometheus.
	Handler() http.Handler
	Metrics() http.Handler
}

// Parts are the common parts of a service. Run owns and closes them.
type Parts struct {
	Config *config.Config
	NATS   *nats.Conn
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// Program is a service of its own: one process with the NATS of its configuration.
type Program struct {
	// Name is the name of the service, such as "ingest".
	Name string
	// Listen returns the address of Handler.
	Listen func(c *config.Config) string
	// Metrics is the address of the metrics; empty means that Handler serves the metrics.
	Metrics string
	// Check returns the fault of a configuration before the program connects; nil means no check.
	Check func(c *config.Config) error
	// Connect returns further options of the connection; nil means none.
	Connect func(c *config.Config) []nats.Option
	// WithoutNATS reports whether the service needs no NATS; Parts then has none.
	WithoutNATS bool
	// New creates the service.
	New func(ctx context.Context, p Parts) (App, error)
	// Task is work that ends, in place of a service; nil means that New creates a service.
	Task func(ctx context.Context, p Parts) error
}

// Run runs the program until the context ends, with the configuration at path and the environment.
func (p *Program) Run(ctx context.Context, path string, log *slog.Logger) (err error) {
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return err
	}
	if p.Check != nil {
		if err := p.Check(c); err != nil {
			return err
		}
	}
	nc, err := p.connect(ctx, c, log)
	if err != nil {
		return err
	}
	if nc != nil {
		defer nc.Close()
	}
	tracer, err := trace.Open(ctx, trace.Options{Traces: c.Traces, Service: "rodopath " + p.Name, Log: log})
	if err != nil {
		return err
	}
	defer tracer.Close()
	parts := Parts{Config: c, NATS: nc, Tracer: tracer, Log: log}
	if p.Task != nil {
		return p.Task(ctx, parts)
	}
	a, err := p.New(ctx, parts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return p.serve(ctx, a, p.Listen(c), log)
}

// connect connects to NATS; nil for a service without NATS.
func (p *Program) connect(ctx context.Context, c *config.Config, log *slog.Logger) (*nats.Conn, error) {
	if p.WithoutNATS {
		return nil, nil
	}
	var opts []nats.Option
	if p.Connect != nil {
		opts = p.Connect(c)
	}
	return Connect(ctx, c, "rodopath "+p.Name, log, opts...)
}

// serve starts the service and answers its addresses until the context ends or one of them fails.
func (p *Program) serve(ctx context.Context, a App, address string, log *slog.Logger) error {
	l, err := Listen(ctx, address)
	if err != nil {
		return err
	}
	addresses := []any{"address", l.Addr().String()}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go BalanceCollector(ctx)
	failed := make(chan error, 1)
	if p.Metrics == "" {
		failed <- nil
	} else {
		m, err := Listen(ctx, p.Metrics)
		if err != nil {
			return errors.Join(fmt.Errorf("metrics: %w", err), l.Close())
		}
		addresses = append(addresses, "metrics", m.Addr().String())
		go func() {
			defer stop()
			failed <- Serve(ctx, m, a.Metrics())
		}()
	}
	a.Start(ctx)
	log.Info(p.Name+" is running", append(addresses, "version", Version())...)
	err = ServeReplica(ctx, l, a.Handler())
	stop()
	return errors.Join(err, <-failed)
}

// Flags are the flags that every program has.
type Flags struct {
	config, check *string
	version       *bool
}

// NewFlags defines the flags --config, --check and --version.
func NewFlags() *Flags {
	return &Flags{
		config:  flag.String("config", "", "configuration file; without it the environment alone"),
		check:   flag.String("check", "", "check that these addresses, separated by commas, answer 200, and exit"),
		version: flag.Bool("version", false, "print the version and exit"),
	}
}

// Main runs a program until SIGTERM or SIGINT and returns its exit code. program is called after the
// flags are parsed.
func Main(name string, flags *Flags, program func() *Program) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *flags.version:
		fmt.Println(name, Version())
	case *flags.check != "":
		err = Check(ctx, strings.Split(*flags.check, ","))
	default:
		err = program().Run(ctx, *flags.config, Log())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, display.Text(name+": "+err.Error()))
		return 1
	}
	return 0
}
