package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// DefaultListen is the default address for webhooks.
const DefaultListen = "127.0.0.1:8080"

// Connect connects to NATS. With a configured intake log Connect does not wait for a server: webhooks
// are accepted before the connection.
func Connect(ctx context.Context, c *config.Config, log *slog.Logger) (*nats.Conn, error) {
	return service.Connect(ctx, c, "rodopath ingest", log, connectOptions(c)...)
}

func connectOptions(c *config.Config) []nats.Option {
	return []nats.Option{nats.RetryOnFailedConnect(c.Intake.Path != "")}
}

// Program is ingest as a service of its own, with its metrics at an address, where the owner tells histories as well.
func Program(metrics string) *service.Program {
	return &service.Program{
		Name: "ingest", Metrics: metrics, Connect: connectOptions,
		Listen: func(c *config.Config) string { return cmp.Or(c.Listen, DefaultListen) },
		New: func(ctx context.Context, p service.Parts) (service.App, error) {
			a, err := New(ctx, Options{
				Config: p.Config, NATS: p.NATS, Tracer: p.Tracer, DrainFor: drainFor(p.Config), Log: p.Log,
			})
			if err != nil {
				return nil, err
			}
			return &inCluster{a}, nil
		},
	}
}

// defaultDrain is how long a service that is told to stop forwards the log.
const defaultDrain = 20

func drainFor(c *config.Config) time.Duration {
	return time.Duration(cmp.Or(c.Intake.DrainSeconds, defaultDrain)) * time.Second
}

// errNoLog means that a log is to be forwarded and none is configured.
var errNoLog = errors.New("intake.path is missing: the directory of the intake log to forward")

// Forward is ingest without an address: it forwards the intake log of a volume that no ingest uses any more, and ends.
func Forward() *service.Program {
	return &service.Program{
		Name: "ingest --forward", Connect: connectOptions,
		Check: func(c *config.Config) error {
			if c.Intake.Path == "" {
				return errNoLog
			}
			return nil
		},
		Task: func(ctx context.Context, p service.Parts) error {
			a, err := New(ctx, Options{Config: p.Config, NATS: p.NATS, Tracer: p.Tracer, Still: true, Log: p.Log})
			if err != nil {
				return err
			}
			waiting := a.intake.Waiting()
			a.Start(ctx)
			err = errors.Join(a.Drain(ctx), a.Close())
			if err == nil {
				p.Log.Info("the intake log is forwarded", "webhooks", waiting)
			}
			return err
		},
	}
}

// inCluster is ingest with what the owner needs of it beside the metrics: the address is not reachable from the
// internet, and a history needs a token.
type inCluster struct{ *App }

// Metrics serves the metrics, and takes histories.
func (a *inCluster) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", a.App.Metrics())
	mux.Handle("POST /v1/history/", a.History())
	return mux
}
