package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// defaultListen is the default address of the HTTP interface of a separate service.
const defaultListen = "127.0.0.1:8081"

// Run runs the service separately until the context ends, with NATS and MongoDB from the
// configuration at path and the environment. A policy with the revision approve may delete more
// than the configured share.
func Run(ctx context.Context, path, data, approve string, log *slog.Logger) (err error) {
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return err
	}
	if c.MongoDB.URI == "" && data == "" {
		return errors.New("no storage for subjects: set mongodb.uri (RODOPATH_MONGODB_URI), or use --data DIR for SQLite")
	}
	nc, err := service.Connect(c, "rodopath lifecycle", log)
	if err != nil {
		return err
	}
	defer nc.Close()
	tracer, err := trace.Open(ctx, trace.Options{Traces: c.Traces, Service: "rodopath lifecycle", Log: log})
	if err != nil {
		return err
	}
	defer tracer.Close()
	a, err := New(ctx, Options{Config: c, NATS: nc, Data: data, Approve: approve, Tracer: tracer, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	l, err := service.Listen(ctx, cmp.Or(c.API.Listen, defaultListen))
	if err != nil {
		return err
	}
	a.Start(ctx)
	log.Info("lifecycle is running", "api", l.Addr().String(), "policy", a.policy.ID+"@"+a.policy.Revision)
	return service.Serve(ctx, l, a.Handler())
}
