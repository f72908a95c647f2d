package app

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"

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
			a, err := New(ctx, Options{Config: p.Config, NATS: p.NATS, Tracer: p.Tracer, Log: p.Log})
			if err != nil {
				return nil, err
			}
			return &inCluster{a}, nil
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
