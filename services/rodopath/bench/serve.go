package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// The servers that can be measured.
const (
	kindEcho       = "echo"   // only reads the body
	kindStandalone = "node"   // everything, as in "rodopath serve"
	kindPaused     = "paused" // everything but the lifecycle, which stands still
)

// serve is what a server is to be.
type serve struct {
	Kind string
	// Dir is the data directory, prepared by prepare.
	Dir string
	// Profile is where to write a CPU profile; empty means nowhere.
	Profile string
}

// serving says how a server is reached.
type serving struct{ URL string }

// source is the source of the example configuration that is Stripe.
const source = "card"

// prepare makes a data directory with the configuration of the first start, and
// returns the secret that signs its Stripe webhooks.
func prepare(dir, fsync string) (secret string, err error) {
	h, err := datadir.Open(dir)
	if err != nil {
		return "", err
	}
	if _, err := h.EnsureConfig(); err != nil {
		return "", err
	}
	text, err := os.ReadFile(h.ConfigPath())
	if err != nil {
		return "", err
	}
	text = fmt.Appendf(text, "\nnats: {fsync: %s}\n", fsync)
	if err := os.WriteFile(h.ConfigPath(), text, 0o600); err != nil {
		return "", err
	}
	line, err := os.ReadFile(filepath.Join(dir, "secrets", source))
	return strings.TrimSpace(string(line)), err
}

// run serves until in ends, and answers its lines.
func (s *serve) run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	started := map[string]func(context.Context) (*instance, error){
		kindEcho: s.echo, kindStandalone: s.standalone, kindPaused: s.paused,
	}[s.Kind]
	if started == nil {
		return fmt.Errorf("there is no server %q", s.Kind)
	}
	one, err := started(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.close()) }()
	if s.Profile != "" {
		file, err := os.Create(s.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return errors.Join(err, file.Close())
		}
		defer pprof.StopCPUProfile()
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(serving{one.url}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		err := one.settle(ctx)
		if err == nil {
			err = answers.Encode(processorTime())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// instance is a server that runs in this process.
type instance struct {
	url    string
	settle func(context.Context) error
	close  func() error
}

func settled(context.Context) error { return nil }

func (s *serve) standalone(ctx context.Context) (*instance, error) {
	h, err := datadir.Open(s.Dir)
	if err != nil {
		return nil, err
	}
	n, err := standalone.Start(ctx, standalone.Options{Home: h, Listen: "127.0.0.1:0", Log: quiet()})
	if err != nil {
		return nil, err
	}
	return &instance{n.Control.Webhooks + "/webhooks/" + source, n.Settle, n.Close}, nil
}

func (s *serve) paused(ctx context.Context) (*instance, error) {
	h, err := datadir.Open(s.Dir)
	if err != nil {
		return nil, err
	}
	c, err := config.Load(h.ConfigPath(), os.Environ())
	if err != nil {
		return nil, err
	}
	broker, err := natsserver.Start(natsserver.Options{Dir: h.Streams(), Log: quiet()})
	if err != nil {
		return nil, err
	}
	app, err := ingestapp.New(ctx, ingestapp.Options{Config: c, NATS: broker.Conn(), Log: quiet()})
	if err != nil {
		return nil, err
	}
	one, err := listen(ctx, app.Handler(), "/webhooks/"+source)
	if err != nil {
		return nil, err
	}
	stop := one.close
	one.close = func() error {
		defer broker.Close()
		return stop()
	}
	return one, nil
}

func (s *serve) echo(ctx context.Context) (*instance, error) {
	e := echo.New()
	e.POST("/webhooks/:source", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]int{"facts": 1})
	})
	return listen(ctx, e, "/webhooks/"+source)
}

// listen serves a handler as the services do.
func listen(ctx context.Context, h http.Handler, path string) (*instance, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- service.Serve(ctx, l, h) }()
	return &instance{"http://" + l.Addr().String() + path, settled, func() error {
		stop()
		return <-ended
	}}, nil
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
