package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/problem"
)

// Service is lifecycle whose policy and products can be replaced while the process runs: an order closes the App and
// opens another one. Facts wait in the stream meanwhile, and requests are answered with 503.
type Service struct {
	opts Options
	log  *slog.Logger

	mu      sync.Mutex
	current *generation
	// opened is closed once current is there; nil while it is.
	opened chan struct{}

	stop context.CancelFunc
	done sync.WaitGroup
}

// generation is an App with its users.
type generation struct {
	app *App
	// life ends before the App is closed, so that streaming requests end.
	life  context.Context //nolint:containedctx // the life of the App
	end   context.CancelFunc
	users sync.WaitGroup
}

// orderLook is how often the order of another replica is looked for.
const orderLook = 15 * time.Second

// The waits between attempts to open an App with an ordered policy.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Open opens the service. Start starts its loops.
func Open(ctx context.Context, opts Options) (*Service, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	a, err := New(ctx, opts)
	if err != nil {
		return nil, err
	}
	s := &Service{opts: opts, log: opts.Log.With("part", "policy")}
	s.opts.Approve, s.opts.again, s.opts.deliveries = "", true, a.deliveries // Approve is of the start alone
	s.set(a)
	return s, nil
}

func (s *Service) set(a *App) *generation {
	life, end := context.WithCancel(context.Background())
	g := &generation{app: a, life: life, end: end}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = g
	if s.opened != nil {
		close(s.opened)
		s.opened = nil
	}
	return g
}

// acquire returns the App for use until release; nil while the App is replaced.
func (s *Service) acquire() (g *generation, opened <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.users.Add(1)
	}
	return s.current, s.opened
}

// use runs an act on the App, and waits for one that is replaced.
func (s *Service) use(ctx context.Context, act func(*App) error) error {
	g, opened := s.acquire()
	for g == nil {
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
		g, opened = s.acquire()
	}
	defer g.users.Done()
	return act(g.app)
}

// Start starts the loops. Close stops the loops.
func (s *Service) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.mu.Lock()
	g := s.current
	s.mu.Unlock()
	g.app.Start(ctx)
	s.done.Go(func() { s.follow(ctx, g) })
}

// follow replaces the App at each order for another policy.
func (s *Service) follow(ctx context.Context, g *generation) {
	for g.app.awaitOrder(ctx, s.opts.Alone) == nil {
		s.log.Info("the controller ordered a policy or listed a product: everybody is evaluated anew")
		if g = s.replace(ctx, g); g == nil {
			return
		}
	}
}

// replace closes an App and opens the next; nil when the context ended first.
func (s *Service) replace(ctx context.Context, g *generation) *generation {
	s.mu.Lock()
	s.current, s.opened = nil, make(chan struct{})
	s.mu.Unlock()
	if err := g.close(); err != nil {
		s.log.Error("closing lifecycle before the ordered policy failed", "error", err)
	}
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		a, err := New(ctx, s.opts)
		if err == nil {
			a.Start(ctx)
			return s.set(a)
		}
		s.log.Error("the ordered policy could not be put into force; trying again", "in", wait, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// close waits for the users of an App, and closes it.
func (g *generation) close() error {
	g.end()
	g.users.Wait()
	return g.app.Close()
}

// Close stops the loops, waits for work in progress, and closes the store.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
	s.mu.Lock()
	g := s.current
	s.mu.Unlock()
	if g == nil {
		return nil
	}
	return g.close()
}

// handler serves a handler of the App, while there is one.
func (s *Service) handler(of func(*App) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g, _ := s.acquire()
		if g == nil && r.URL.Path == "/healthz" { // the process works
			_, _ = io.WriteString(w, "ok\n") // the client has left
			return
		}
		if g == nil {
			w.Header().Set("Retry-After", "2")
			p := problem.New(http.StatusServiceUnavailable, "policy-change",
				"A policy, or what the controller stated about a product, is being put into force. Try again in a few seconds.")
			_ = p.Write(w) // the client has left
			return
		}
		defer g.users.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(g.life, cancel)()
		of(g.app).ServeHTTP(w, r.WithContext(ctx))
	})
}

// Handler answers the HTTP interface, Public included.
func (s *Service) Handler() http.Handler { return s.handler((*App).Handler) }

// Public serves the pages and endpoints for recipients and for data subjects.
func (s *Service) Public() http.Handler { return s.handler((*App).Public) }

// Metrics serves the metrics of Prometheus.
func (s *Service) Metrics() http.Handler { return s.handler((*App).Metrics) }

// Check returns what remains of a decision before its delivery, evaluated from the stored subject at this moment.
func (s *Service) Check(ctx context.Context, e *stream.Event) (standing *stream.Standing, err error) {
	err = s.use(ctx, func(a *App) error {
		standing, err = a.Check(ctx, e)
		return err
	})
	return standing, err
}

// Settle waits until all received messages are applied and all decisions are published.
func (s *Service) Settle(ctx context.Context) error {
	return s.use(ctx, func(a *App) error { return a.Settle(ctx) })
}

// CopyStore writes a snapshot of the database, as App.CopyStore does.
func (s *Service) CopyStore(ctx context.Context, path string) (persons int, err error) {
	err = s.use(ctx, func(a *App) error {
		persons, err = a.CopyStore(ctx, path)
		return err
	})
	return persons, err
}

// Installation is what the database knows of itself. Advance raises its sequence, as App.Advance does.
func (s *Service) Installation() (known Installation) {
	_ = s.use(context.Background(), func(a *App) error { // without an error, as nothing ends the wait
		known = a.Installation()
		return nil
	})
	return known
}

// Advance raises the sequence of the installation in the database, as App.Advance does.
func (s *Service) Advance(ctx context.Context) (seq int64, err error) {
	err = s.use(ctx, func(a *App) error {
		seq, err = a.Advance(ctx)
		return err
	})
	return seq, err
}
