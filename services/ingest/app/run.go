package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// DefaultListen is the default address for webhooks.
const DefaultListen = "127.0.0.1:8080"

// Connect connects to NATS. With a configured spool Connect does not wait for a server: webhooks
// are accepted before the connection.
func Connect(c *config.Config, log *slog.Logger) (*nats.Conn, error) {
	return service.Connect(c, "rodopath ingest", log, nats.RetryOnFailedConnect(c.Spool.Path != ""))
}

// Run runs the service until the end of the context, with the NATS of the configuration at path and
// of the environment.
func Run(ctx context.Context, path, metrics string, log *slog.Logger) (err error) {
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return err
	}
	nc, err := Connect(c, log)
	if err != nil {
		return err
	}
	defer nc.Close()
	tracer, err := trace.Open(ctx, trace.Options{Traces: c.Traces, Service: "rodopath ingest", Log: log})
	if err != nil {
		return err
	}
	defer tracer.Close()
	a, err := New(ctx, Options{Config: c, NATS: nc, Tracer: tracer, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	l, err := service.Listen(ctx, cmp.Or(c.Listen, DefaultListen))
	if err != nil {
		return err
	}
	m, err := service.Listen(ctx, metrics)
	if err != nil {
		return errors.Join(fmt.Errorf("metrics: %w", err), l.Close())
	}
	a.Start(ctx)
	log.Info("ingest is running", "webhooks", "http://"+l.Addr().String()+"/webhooks/", "metrics", m.Addr().String())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() {
		defer stop()
		failed <- service.Serve(ctx, m, a.Metrics())
	}()
	err = service.Serve(ctx, l, a.Handler())
	stop()
	return errors.Join(err, <-failed)
}
