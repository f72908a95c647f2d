package app

import (
	"cmp"
	"context"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// defaultListen is the default address of the HTTP interface.
const defaultListen = "127.0.0.1:8082"

// Program is dispatch as a service of its own, with its metrics at an address. A dry run logs the calls
// to recipients and makes none.
func Program(metrics string, dryRun bool) *service.Program {
	return &service.Program{
		Name: "dispatch", Metrics: metrics,
		Listen: func(c *config.Config) string { return cmp.Or(c.API.Listen, defaultListen) },
		New: func(ctx context.Context, p service.Parts) (service.App, error) {
			return New(ctx, Options{Config: p.Config, NATS: p.NATS, DryRun: dryRun, Tracer: p.Tracer, Log: p.Log})
		},
	}
}
