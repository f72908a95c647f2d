package app

import (
	"cmp"
	"context"
	"errors"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// defaultListen is the default address of the HTTP interface of a separate service.
const defaultListen = "127.0.0.1:8081"

// Program is lifecycle as a service of its own, with MongoDB from the configuration, or with SQLite and
// keys in the directory data. A policy with the revision approve may delete more than the configured
// share.
func Program(data, approve string) *service.Program {
	return &service.Program{
		Name:   "lifecycle",
		Listen: func(c *config.Config) string { return cmp.Or(c.API.Listen, defaultListen) },
		Check: func(c *config.Config) error {
			if c.MongoDB.URI == "" && data == "" {
				return errors.New(
					"no storage for subjects: set mongodb.uri (RODOPATH_MONGODB_URI), or use --data DIR for SQLite")
			}
			return nil
		},
		New: func(ctx context.Context, p service.Parts) (service.App, error) {
			return Open(ctx, Options{
				Config: p.Config, NATS: p.NATS, Data: data, Approve: approve, Tracer: p.Tracer, Log: p.Log,
			})
		},
	}
}
