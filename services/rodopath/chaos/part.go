package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	dispatchapp "github.com/rodopath/rodopath/services/dispatch/app"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
)

// PartFlag marks the arguments of a part: a process that can be killed.
const PartFlag = "-part"

// The kinds of parts.
const (
	partNATS      = "nats"
	partIngest    = "ingest"
	partLifecycle = "lifecycle"
	partDispatch  = "dispatch"
	partDisk      = "disk"
)

// part configures such a process.
type part struct {
	Kind string
	// Dir is the data directory.
	Dir string
	// Listen is the address, Metrics the address for Prometheus.
	Listen, Metrics string `json:",omitempty"`
	// Config is the configuration of the services, NATS the addresses of the servers, and Clock the
	// directory of the clock.
	Config, NATS, Clock string `json:",omitempty"`
	// Lifecycle is the address of lifecycle, which dispatch asks before each delivery.
	Lifecycle string `json:",omitempty"`
	// Name, Cluster and Routes make a NATS server one of several.
	Name    string   `json:",omitempty"`
	Cluster string   `json:",omitempty"`
	Routes  []string `json:",omitempty"`
	// Approve and Claim are passed to the services.
	Claim time.Duration `json:",omitempty"`
	// Packed lets ingest publish several deliveries in one message.
	Packed bool `json:",omitempty"`
}

// RunPart is the main function of a part. The part ends with the context, or with in, after the end
// of its parent process.
func RunPart(ctx context.Context, text string, in io.Reader) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	run := map[string]func(context.Context) error{
		partNATS: p.nats, partIngest: p.ingest, partLifecycle: p.lifecycle, partDispatch: p.dispatch, partDisk: p.disk,
	}[p.Kind]
	if run == nil {
		return fmt.Errorf("there is no part %q", p.Kind)
	}
	return run(ctx)
}

// nats runs one server of the cluster, with a sync before each acknowledgement.
func (p *part) nats(ctx context.Context) error {
	opts := &server.Options{
		ServerName: p.Name, JetStream: true, StoreDir: p.Dir, NoSigs: true, SyncAlways: true,
		Cluster: server.ClusterOpts{Name: "chaos", NoAdvertise: true},
	}
	var err error
	if opts.Host, opts.Port, err = hostPort(p.Listen); err != nil {
		return err
	}
	if opts.Cluster.Host, opts.Cluster.Port, err = hostPort(p.Cluster); err != nil {
		return err
	}
	for _, r := range p.Routes {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: r})
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	ns.ConfigureLogger()
	ns.Start()
	<-ctx.Done()
	ns.Shutdown()
	ns.WaitForShutdown()
	return nil
}

// surroundings are the dependencies of a service.
type surroundings struct {
	config *config.Config
	nats   *nats.Conn
	now    func() time.Time
	log    *slog.Logger
}

func (p *part) surroundings(ctx context.Context) (*surroundings, error) {
	// As the Run of each service connects.
	connect := func(ctx context.Context, c *config.Config, log *slog.Logger) (*nats.Conn, error) {
		return service.Connect(ctx, c, "rodopath "+p.Kind, log)
	}
	if p.Kind == partIngest {
		connect = ingestapp.Connect
	}
	environ := []string{"RODOPATH_NATS_URL=" + p.NATS}
	c, err := config.Load(p.Config, environ)
	if err != nil {
		return nil, err
	}
	log := service.Log()
	nc, err := connect(ctx, c, log)
	if err != nil {
		return nil, err
	}
	return &surroundings{config: c, nats: nc, now: newClock(p.Clock).now, log: log}, nil
}

func (p *part) ingest(ctx context.Context) (err error) {
	s, err := p.surroundings(ctx)
	if err != nil {
		return err
	}
	defer s.nats.Close()
	a, err := ingestapp.New(ctx, ingestapp.Options{
		Config: s.config, NATS: s.nats, Packed: p.Packed, Now: s.now, Log: s.log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Start(ctx)
	return p.serve(ctx, a.Handler(), a.Metrics())
}

func (p *part) lifecycle(ctx context.Context) (err error) {
	s, err := p.surroundings(ctx)
	if err != nil {
		return err
	}
	defer s.nats.Close()
	a, err := lifecycleapp.New(
		ctx,
		lifecycleapp.Options{Config: s.config, NATS: s.nats, Data: p.Dir, Now: s.now, Log: s.log},
	)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Start(ctx)
	return p.serve(ctx, a.Handler(), a.Metrics())
}

func (p *part) dispatch(ctx context.Context) (err error) {
	s, err := p.surroundings(ctx)
	if err != nil {
		return err
	}
	defer s.nats.Close()
	s.config.Dispatch.Lifecycle.URL = "http://" + p.Lifecycle
	a, err := dispatchapp.New(
		ctx,
		dispatchapp.Options{Config: s.config, NATS: s.nats, Claim: p.Claim, Now: s.now, Log: s.log},
	)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Start(ctx)
	return p.serve(ctx, a.Handler(), a.Metrics())
}

// serve answers until the context ends, as the services do.
func (p *part) serve(ctx context.Context, handler, metrics http.Handler) error {
	l, err := service.Listen(ctx, p.Listen)
	if err != nil {
		return err
	}
	m, err := service.Listen(ctx, cmp.Or(p.Metrics, "127.0.0.1:0"))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() {
		defer stop()
		failed <- service.Serve(ctx, m, metrics)
	}()
	err = service.Serve(ctx, l, handler)
	stop()
	return errors.Join(err, <-failed)
}

// disk loads the disk with synced writes.
func (p *part) disk(ctx context.Context) (err error) {
	f, err := os.CreateTemp(p.Dir, "busy-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 1<<20)
	for n := 0; ctx.Err() == nil; n++ {
		if _, err := f.WriteAt(block, int64(n%64)<<20); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}
