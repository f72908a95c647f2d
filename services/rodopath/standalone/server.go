// Package standalone runs all services in one process, with embedded NATS and SQLite.
package standalone

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/console"
	dispatchapp "github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/ingest"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
)

// Options configure a Server.
type Options struct {
	Home *datadir.Dir
	// ConfigPath is the configuration file; empty means the file in the data directory, which is
	// created when missing.
	ConfigPath string
	// Listen is where webhooks are received; empty means as configured.
	Listen string
	// NATSListen is where outside consumers connect; empty means nowhere.
	NATSListen string
	// Approve is the revision of a policy that may delete more than the configured
	// share.
	Approve string
	// Still delivers nothing to recipients: queued decisions are left to a long-running server.
	Still bool
	// LookEvery is how often a source is compared with its platform, and LookTick how often it is checked what is due; 0
	// means an hour and a minute.
	LookEvery, LookTick time.Duration
	// DryRun logs the calls to recipients and makes none.
	DryRun bool
	// Synced is called after each flush of a stream of the embedded NATS, for tests of power cuts; nil means
	// nobody is.
	Synced func(stream string)
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// HandSource is the source of facts that are put in by hand.
const HandSource = "hand"

// Server is a running machine.
type Server struct {
	Config  *config.Config
	Control *datadir.Control
	// ConsumerURL is the address for outside consumers; empty without one.
	ConsumerURL string
	// FirstStart reports whether the start created the configuration.
	FirstStart bool

	opts      Options
	server    *natsserver.Server
	conn      *nats.Conn
	ingest    *ingestapp.App
	lifecycle *lifecycleapp.Service
	dispatch  *dispatchapp.App
	tracer    *trace.Tracer
	vault     *identity.Vault
	listeners []net.Listener

	stop   context.CancelFunc
	done   sync.WaitGroup
	failed chan error
	broken <-chan error // by the built-in NATS
	// marker says what the data directory is.
	marker *datadir.Marker
	// now is the time that the caller gave; nil means the clock of the machine.
	now     func() time.Time
	console *console.Console
}

// Start starts a server and returns once the server accepts webhooks. The data directory is claimed
// until Close.
func Start(ctx context.Context, opts Options) (*Server, error) {
	now := opts.Now // lifecycle believes the clock of the machine only in part
	if opts.Now == nil {
		opts.Now = time.Now
	}
	n := &Server{opts: opts, now: now, failed: make(chan error, 2)}
	if err := opts.Home.Claim(); err != nil {
		return nil, err
	}
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Server) start(ctx context.Context) error {
	if err := n.configure(); err != nil {
		return err
	}
	if err := n.examine(); err != nil {
		return err
	}
	if err := n.connect(ctx); err != nil {
		return err
	}
	hand := make([]byte, 32)
	if _, err := rand.Read(hand); err != nil {
		return fmt.Errorf("make secret: %w", err)
	}
	n.Control = &datadir.Control{
		Token:      rand.Text(),
		HandSecret: "whsec_" + base64.StdEncoding.EncodeToString(hand),
		Config:     n.opts.ConfigPath,
	}
	var err error
	n.tracer, err = trace.Open(ctx, trace.Options{Traces: n.Config.Traces, Service: "rodopath", Log: n.opts.Log})
	if err != nil {
		return err
	}
	n.lifecycle, err = lifecycleapp.Open(ctx, lifecycleapp.Options{
		Config:  n.Config,
		NATS:    n.conn,
		Data:    n.opts.Home.Path(),
		Tokens:  []string{n.Control.Token},
		Alone:   n.server != nil,
		Sync:    n.sync(),
		Approve: n.opts.Approve,
		Now:     n.now,
		Tracer:  n.tracer,
		Log:     n.opts.Log.With("service", "lifecycle"),
	})
	if err != nil {
		return err
	}
	n.vault, err = lifecycleapp.OpenVault(n.Config, n.opts.Home.Path())
	if err != nil {
		return err
	}
	n.ingest, err = ingestapp.New(ctx, ingestapp.Options{
		Config: n.Config,
		NATS:   n.conn,
		Intake: n.opts.Home.Intake(),
		Sealer: n.vault,
		Sync:   n.sync(),
		Packed: n.server != nil,
		Now:    n.opts.Now,
		Tracer: n.tracer,
		Tokens: []string{n.Control.Token},
		Still:  n.opts.Still, LookEvery: n.opts.LookEvery, LookTick: n.opts.LookTick,
		Log:   n.opts.Log.With("service", "ingest"),
		Extra: []ingest.Source{{ID: HandSource, Secrets: []string{n.Control.HandSecret}}},
	})
	if err != nil {
		return err
	}
	n.dispatch, err = dispatchapp.New(ctx, dispatchapp.Options{
		Config: n.Config, NATS: n.conn, Checker: n.lifecycle, Tokens: []string{n.Control.Token}, DryRun: n.opts.DryRun,
		Sync: n.sync(), Now: n.opts.Now, Tracer: n.tracer, Log: n.opts.Log.With("service", "dispatch"),
	})
	if err != nil {
		return err
	}
	if err := n.mark(ctx); err != nil {
		return err
	}
	return n.listen(ctx)
}

func (n *Server) configure() (err error) {
	if n.opts.ConfigPath == "" {
		n.opts.ConfigPath = n.opts.Home.ConfigPath()
		if err := n.opts.Home.CheckConfig(); err != nil {
			return err
		}
		if n.FirstStart, err = n.opts.Home.EnsureConfig(); err != nil {
			return err
		}
	}
	if n.opts.ConfigPath, err = filepath.Abs(n.opts.ConfigPath); err != nil {
		return fmt.Errorf("load configuration: %w", err)
	}
	if _, err := os.Stat(n.opts.ConfigPath); err != nil {
		return fmt.Errorf("load configuration: %w", err)
	}
	if n.Config, err = config.Load(n.opts.ConfigPath, os.Environ()); err != nil {
		return err
	}
	if slices.ContainsFunc(n.Config.Sources, func(s config.Source) bool { return s.ID == HandSource }) {
		return fmt.Errorf(
			"%s: the source id %q is reserved for \"rodopath send\"; choose another",
			n.opts.ConfigPath,
			HandSource,
		)
	}
	return nil
}

// lazySync is how often the streams are written for good, unless every message is.
const lazySync = time.Second

// sync returns what makes the acknowledged messages of a stream durable; nil for a NATS elsewhere, whose
// acknowledgement means that already.
func (n *Server) sync() streams.Sync {
	if n.server == nil {
		return nil
	}
	return n.server.Sync
}

// connect connects to the NATS of the configuration, or starts one.
func (n *Server) connect(ctx context.Context) (err error) {
	if n.Config.NATS.URL != "" {
		if n.opts.NATSListen != "" {
			return errors.New("--nats-listen needs the embedded NATS, but the configuration names another server (nats.url)")
		}
		n.conn, err = service.Connect(ctx, n.Config, "rodopath", n.opts.Log)
		return err
	}
	if n.Config.NATS.Partitions > 1 {
		return n.Config.At(errors.New("nats.partitions needs nats.url: with the embedded NATS one process applies all facts"),
			"nats", "partitions")
	}
	opts := natsserver.Options{
		Dir:    n.opts.Home.Streams(),
		Listen: n.opts.NATSListen,
		Log:    n.opts.Log.With("service", "nats"),
	}
	if opts.Key, err = lifecycleapp.StreamKey(n.Config, n.opts.Home.Path()); err != nil {
		return err
	}
	if n.Config.NATS.Fsync != "always" {
		opts.SyncInterval, opts.Synced = lazySync, n.opts.Synced
	}
	if err := n.recipients(&opts); err != nil {
		return err
	}
	if opts.Listen != "" {
		if opts.ConsumerPassword, err = n.opts.Home.ConsumerPassword(); err != nil {
			return err
		}
	}
	if n.server, err = natsserver.Start(opts); err != nil {
		return err
	}
	n.conn = n.server.Conn()
	n.broken = n.server.Failed()
	if n.ConsumerURL = n.server.ConsumerURL(); n.ConsumerURL != "" {
		err = n.opts.Home.WriteConsumerURL(n.ConsumerURL)
	}
	for id, u := range n.server.RecipientURLs() {
		err = errors.Join(err, n.opts.Home.WriteRecipientURL(id, u))
	}
	return err
}

// recipients gives an account to each recipient that reads the stream and has a token, and guards
// the internal consumers.
func (n *Server) recipients(opts *natsserver.Options) error {
	tokens, err := access.Recipients(n.Config)
	if err != nil {
		return err
	}
	opts.Recipients = map[string]string{}
	for i := range n.Config.Recipients {
		r := &n.Config.Recipients[i]
		token := slices.IndexFunc(tokens, func(t access.Token) bool { return t.Holder == r.ID })
		switch {
		case r.Dispatched():
			opts.Guarded = append(opts.Guarded, dispatchapp.ConsumerOf(r.ID))
		case r.By == "nats" && token >= 0:
			opts.Recipients[r.ID] = tokens[token].Secret
		case r.By == "nats":
			opts.Shared = append(opts.Shared, r.ID)
		}
	}
	return nil
}

// listen opens two addresses: one for webhooks, reachable from the internet, and one for the owner.
func (n *Server) listen(ctx context.Context) error {
	webhooks, err := n.open(ctx, cmp.Or(n.opts.Listen, n.Config.Listen, ingestapp.DefaultListen), "--listen")
	if err != nil {
		return err
	}
	api, err := n.open(ctx, cmp.Or(n.Config.API.Listen, "127.0.0.1:0"), "api.listen")
	if err != nil {
		return err
	}
	n.Control.Webhooks = "http://" + webhooks.Addr().String()
	n.Control.API = "http://" + api.Addr().String()
	inside := http.NewServeMux()
	inside.Handle("/", n.lifecycle.Handler())
	inside.Handle("/v1/recipients", n.dispatch.Handler())
	inside.Handle("/v1/recipients/", n.dispatch.Handler())
	if err := n.mountConsole(inside); err != nil {
		return err
	}
	copies, err := n.backups()
	if err != nil {
		return err
	}
	inside.Handle("GET /v1/backup", copies)
	inside.Handle("POST /v1/history/", n.ingest.History())
	inside.Handle("GET /metrics", together(n.ingest.Metrics(), n.lifecycle.Metrics(), n.dispatch.Metrics()))
	outside := http.NewServeMux()
	outside.Handle("/", n.ingest.Handler())
	outside.Handle("/v1/receipts", n.lifecycle.Public())
	outside.Handle("/consent/", n.lifecycle.Public())
	outside.Handle("/todo", n.lifecycle.Public())
	outside.Handle("/request", n.lifecycle.Public())
	outside.Handle("/request/", n.lifecycle.Public())
	ctx, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	n.done.Go(func() { n.keepMarked(ctx) })
	n.ingest.Start(ctx)
	n.lifecycle.Start(ctx)
	if !n.opts.Still {
		n.dispatch.Start(ctx)
	}
	n.done.Go(func() { n.failed <- service.Serve(ctx, webhooks, ingest.CleanPaths(outside)) })
	n.done.Go(func() { n.failed <- service.Serve(ctx, api, inside) })
	return n.opts.Home.WriteControl(n.Control)
}

// together answers with the metrics of all services.
func together(handlers ...http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header = http.Header{} // plain text, so that several answers can be concatenated
		for _, h := range handlers {
			h.ServeHTTP(w, r)
		}
	})
}

func (n *Server) open(ctx context.Context, address, flag string) (net.Listener, error) {
	l, err := service.Listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with %s", err, flag)
	}
	n.listeners = append(n.listeners, l)
	return l, nil
}

// Wait waits for the end of the context, which is no error, or for a fault that requires a restart.
func (n *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.failed:
		return err
	case err := <-n.broken:
		return err
	}
}

// Settle waits until everything received was applied and everything decided sent.
func (n *Server) Settle(ctx context.Context) error {
	forwarded := func(context.Context) (bool, error) { return n.ingest.Settled(), nil }
	if err := loop.Poll(ctx, "settle", settlePoll, forwarded); err != nil {
		return err
	}
	return n.lifecycle.Settle(ctx)
}

const settlePoll = 10 * time.Millisecond

// Close stops receiving, completes work in progress, and closes all parts in an order without
// losses.
func (n *Server) Close() error {
	var errs []error
	if n.stop != nil {
		n.stop()
		n.done.Wait()
	} else {
		for _, l := range n.listeners {
			errs = append(errs, l.Close())
		}
	}
	if n.console != nil {
		n.console.Close()
	}
	if n.ingest != nil {
		errs = append(errs, n.ingest.Close())
	}
	if n.dispatch != nil {
		errs = append(errs, n.dispatch.Close())
	}
	if n.lifecycle != nil {
		errs = append(errs, n.markStopped(), n.lifecycle.Close())
	}
	n.tracer.Close()
	switch {
	case n.server != nil:
		n.server.Close()
	case n.conn != nil:
		n.conn.Close()
	}
	return errors.Join(append(errs, n.opts.Home.Release())...)
}
