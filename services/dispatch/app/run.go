package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// defaultListen is the default address of the HTTP interface.
const defaultListen = "127.0.0.1:8082"

// Run runs the service until the end of the context, with the NATS of the configuration at path and
// of the environment.
func Run(ctx context.Context, path, metrics string, dryRun bool, log *slog.Logger) (err error) {
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return err
	}
	nc, err := service.Connect(c, "rodopath dispatch", log)
	if err != nil {
		return err
	}
	defer nc.Close()
	tracer, err := trace.Open(ctx, trace.Options{Traces: c.Traces, Service: "rodopath dispatch", Log: log})
	if err != nil {
		return err
	}
	defer tracer.Close()
	a, err := New(ctx, Options{Config: c, NATS: nc, DryRun: dryRun, Tracer: tracer, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	l, err := service.Listen(ctx, cmp.Or(c.API.Listen, defaultListen))
	if err != nil {
		return err
	}
	m, err := service.Listen(ctx, metrics)
	if err != nil {
		return errors.Join(fmt.Errorf("metrics: %w", err), l.Close())
	}
	a.Start(ctx)
	log.Info(
		"dispatch is running",
		"api",
		l.Addr().String(),
		"metrics",
		m.Addr().String(),
		"recipients",
		len(a.recipients),
	)
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
