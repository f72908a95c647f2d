package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// load is what a load generator is to do.
type load struct {
	URL, Secret string
	// Connections is how many webhooks are under way at most.
	Connections int
	// First is the number of the first webhook, Most how many there are at most.
	First, Most int
	For         time.Duration
	// Rate is how many webhooks are sent each second; 0 means as many as go.
	Rate int
	// Dir is the data directory of the server whose events are awaited; empty
	// means that none are.
	Dir string
	// Consumer is where the events of a server are heard as they are published, instead of
	// being read from its beginning, as with Dir.
	Consumer string
}

// loaded is what came of a load.
type loaded struct {
	Sent, Refused, Lost int
	Fault               string
	Took                time.Duration
	// Event50 and Event99 are the times from webhook to event.
	Event50, Event99 time.Duration
}

// generator sends webhooks.
type generator struct {
	load
	webhooks *webhooks
	client   *http.Client
	next     atomic.Int64
	taken    atomic.Int64
	refused  atomic.Int64
	fault    atomic.Value
	sent     []time.Time // when each webhook was sent; only with Dir
}

// eventWait is how long the last events are awaited.
const eventWait = 10 * time.Second

func (l *load) run(ctx context.Context) (*loaded, error) {
	g := &generator{load: *l, webhooks: newWebhooks(l.Secret, l.First, l.Most, time.Now()), client: &http.Client{
		Transport: &http.Transport{
			MaxIdleConnsPerHost: l.Connections,
			MaxConnsPerHost:     l.Connections,
			DisableCompression:  true,
		},
	}}
	if l.Consumer != "" {
		return g.heard(ctx)
	}
	if l.Dir == "" {
		took := g.send(ctx)
		return g.result(took), nil
	}
	g.sent = make([]time.Time, l.Most)
	e := &arrivals{came: map[string]time.Time{}}
	c, err := client.Open(ctx, l.Dir, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	follow, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- c.Events(follow, true, e.add) }()
	took := g.sendAndWait(ctx, e)
	stop()
	if err := <-failed; err != nil {
		return nil, err
	}
	out := g.result(took)
	e.measure(g, out)
	return out, nil
}

// sendAndWait sends, waits for the last events, and returns how long sending took.
func (g *generator) sendAndWait(ctx context.Context, e *arrivals) time.Duration {
	took := g.send(ctx)
	for end := time.Now().Add(eventWait); e.count() < int(g.taken.Load()) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	return took
}

// heard sends while it listens to what is published.
func (g *generator) heard(ctx context.Context) (out *loaded, err error) {
	g.sent = make([]time.Time, g.Most)
	e := &arrivals{came: map[string]time.Time{}}
	nc, err := nats.Connect(g.Consumer)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	sub, err := nc.Subscribe(
		stream.AllDecisions,
		func(m *nats.Msg) { _ = e.add(m.Data) },
	) // what cannot be read is missed, and counted
	if err != nil {
		return nil, err
	}
	if err := errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush()); err != nil {
		return nil, err
	}
	took := g.sendAndWait(ctx, e)
	out = g.result(took)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.measure(g, out)
	return out, nil
}

func (g *generator) result(took time.Duration) *loaded {
	out := &loaded{Sent: int(g.taken.Load()), Refused: int(g.refused.Load()), Took: took}
	out.Fault, _ = g.fault.Load().(string)
	return out
}

// send sends for the time given and returns how long it took.
func (g *generator) send(ctx context.Context) time.Duration {
	begin := time.Now()
	var workers sync.WaitGroup
	for range g.Connections {
		workers.Go(func() {
			buf := make([]byte, len(g.webhooks.form))
			for ctx.Err() == nil {
				i := int(g.next.Add(1)) - 1
				if i >= g.Most || !g.due(begin, i) {
					return
				}
				if err := g.post(ctx, i, buf); err != nil {
					g.refused.Add(1)
					g.fault.Store(err.Error())
				} else {
					g.taken.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return time.Since(begin)
}

// due waits for the moment of the i-th webhook and reports false when the time
// is over.
func (g *generator) due(begin time.Time, i int) bool {
	at := time.Now()
	if g.Rate > 0 {
		at = begin.Add(time.Duration(i) * time.Second / time.Duration(g.Rate))
		time.Sleep(time.Until(at))
	}
	return at.Sub(begin) < g.For
}

func (g *generator) post(ctx context.Context, i int, buf []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(g.webhooks.body(i, buf)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", g.webhooks.signed[i])
	if g.sent != nil {
		g.sent[i] = time.Now()
	}
	res, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(answer))
	}
	return err
}

// arrivals remembers when events came, by the address of the person.
type arrivals struct {
	mu   sync.Mutex
	came map[string]time.Time
}

func (a *arrivals) add(data []byte) error {
	now := time.Now()
	e, err := stream.DecodeEvent(data)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, address := range e.Data.Person.Emails {
		if _, ok := a.came[address]; !ok {
			a.came[address] = now
		}
	}
	return nil
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.came)
}

func (a *arrivals) measure(g *generator, out *loaded) {
	var took []time.Duration
	for i, sent := range g.sent {
		if came, ok := a.came[g.webhooks.email(i)]; ok {
			took = append(took, came.Sub(sent))
		}
	}
	out.Lost = out.Sent - len(took)
	if len(took) > 0 {
		slices.Sort(took)
		out.Event50, out.Event99 = took[len(took)/2], took[len(took)*99/100]
	}
}
