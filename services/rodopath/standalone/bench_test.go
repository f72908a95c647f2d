package standalone_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/api/stream"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

const (
	// benchWebhooks is the number of webhooks in one iteration, benchSenders the number of
	// concurrent senders.
	benchWebhooks, benchSenders = 2000, 64
	// benchSteady is the load of a busy shop, in webhooks per second.
	benchSteady = 200
	// soakWindow is the length of one window of BenchmarkSoak, soakShare its share of the limit. The events that are
	// late may come within soakDrain after the last window.
	soakWindow, soakShare, soakDrain = 30 * time.Second, 0.7, 5 * time.Minute
)

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// checkoutPadding brings a checkout to the usual size of 3.5 kB by unused fields.
func checkoutPadding() string {
	var out strings.Builder
	for i := 0; out.Len() < 3000; i++ {
		fmt.Fprintf(&out, `"unused_%d":{"amount":null,"enabled":false,"options":["card","link"]},`, i)
	}
	return out.String()
}

// hook is one signed webhook about a person of its own.
type hook struct {
	email, signature string
	body             []byte
	sent             time.Time
}

// sender sends webhooks and receives the events.
type sender struct {
	*testing.B
	url, secret string
	client      http.Client
	next        int
	mu          sync.Mutex
	// arrived holds the first event about each address.
	arrived map[string]time.Time
}

func newSender(b *testing.B, url, secret string) *sender {
	s := &sender{B: b, url: url, secret: secret, arrived: map[string]time.Time{}}
	s.client.Transport = &http.Transport{MaxIdleConnsPerHost: benchSenders, MaxConnsPerHost: benchSenders}
	b.Cleanup(s.client.CloseIdleConnections)
	return s
}

// listen receives the events of a server.
func (s *sender) listen(consumerURL string) {
	s.Helper()
	nc, err := nats.Connect(consumerURL)
	ok(s.B, err)
	s.Cleanup(nc.Close)
	sub, err := nc.Subscribe(stream.AllDecisions, func(m *nats.Msg) {
		now := time.Now()
		e, err := stream.DecodeEvent(m.Data)
		if err != nil {
			return // the event counts as lost
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, address := range e.Data.Person.Emails {
			if _, repeated := s.arrived[address]; !repeated {
				s.arrived[address] = now
			}
		}
	})
	ok(s.B, err)
	ok(s.B, errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush()))
}

// sign makes n webhooks.
func (s *sender) sign(n int) []hook {
	out, now, padding := make([]hook, n), time.Now(), checkoutPadding()
	for i := range out {
		s.next++
		h := hook{email: fmt.Sprintf("buyer.%010d@example.com", s.next)}
		body := checkout(fmt.Sprintf("%010d", s.next), h.email, now)
		h.body = []byte(strings.Replace(body, `"object":{`, `"object":{`+padding, 1))
		h.signature = stripe.Sign(s.secret, now, h.body)
		out[i] = h
	}
	return out
}

// send sends webhooks at a rate per second, or as fast as possible, and returns the number of
// refused webhooks.
func (s *sender) send(hooks []hook, rate int) (refused int64) {
	var next, failed atomic.Int64
	var senders sync.WaitGroup
	begin := time.Now()
	for range benchSenders {
		senders.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(hooks)); i = next.Add(1) - 1 {
				if rate > 0 {
					time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
				}
				if err := s.post(&hooks[i]); err != nil && failed.Add(1) == 1 {
					s.Log(err)
				}
			}
		})
	}
	senders.Wait()
	return failed.Load()
}

func (s *sender) post(h *hook) error {
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, bytes.NewReader(h.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", h.signature)
	h.sent = time.Now()
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, answer)
	}
	return err
}

// all sends webhooks, none of which may be refused.
func (s *sender) all(hooks []hook, rate int) {
	s.Helper()
	if refused := s.send(hooks, rate); refused > 0 {
		s.Fatalf("%d of %d webhooks were refused", refused, len(hooks))
	}
}

// delays waits for the events of webhooks and returns the sorted delays, in milliseconds. Late are the webhooks whose
// events did not arrive within ten seconds.
func (s *sender) delays(hooks []hook) (took []float64, late []hook) {
	late = hooks
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		more, left := s.arrivedOf(late)
		took, late = append(took, more...), left
		if len(late) == 0 || time.Now().After(end) {
			break
		}
	}
	slices.Sort(took)
	return took, late
}

// arrivedOf returns the delays of the webhooks whose events arrived, and the other webhooks.
func (s *sender) arrivedOf(hooks []hook) (took []float64, left []hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range hooks {
		at, found := s.arrived[h.email]
		if !found {
			left = append(left, h)
			continue
		}
		took = append(took, float64(at.Sub(h.sent).Microseconds())/1000)
		delete(s.arrived, h.email)
	}
	return took, left
}

func percentile(sorted []float64, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*p/100]
}

// benchServer starts everything on a new data directory.
func benchServer(b *testing.B, fsync string) *machine {
	m := start(b, withRecipients(b, "nats: {fsync: "+fsync+"}\n"), func(o *standalone.Options) {
		o.Log, o.NATSListen = slog.New(slog.DiscardHandler), "127.0.0.1:0"
	})
	b.Cleanup(m.stop)
	return m
}

// BenchmarkWebhooks sends webhooks, which are verified and on the disk before the answer. "serve" is everything at
// work by default, "always" the same with an fsync for each message of NATS, and "door" the way up to the stream
// of facts. The baselines are an echo server that reads the body, and a handler that appends the body to a file
// with one fsync for all that wait.
func BenchmarkWebhooks(b *testing.B) {
	measure := func(b *testing.B, url, secret string, settle func()) {
		s := newSender(b, url, secret)
		for b.Loop() {
			b.StopTimer()
			hooks := s.sign(benchWebhooks)
			b.StartTimer()
			s.all(hooks, 0)
			b.StopTimer()
			settle()
			b.StartTimer()
		}
		b.ReportMetric(float64(b.N*benchWebhooks)/b.Elapsed().Seconds(), "webhooks/s")
	}
	for name, fsync := range map[string]string{"serve": "interval", "always": "always"} {
		b.Run(name, func(b *testing.B) {
			m := benchServer(b, fsync)
			measure(b, m.Control.Webhooks+"/webhooks/card", m.secret("card"), m.settle)
		})
	}
	b.Run("door", func(b *testing.B) {
		m := &machine{t: b, dir: withRecipients(b, "")}
		h := datadir.At(m.dir)
		c, err := config.Load(h.ConfigPath(), os.Environ())
		ok(b, err)
		log := slog.New(slog.DiscardHandler)
		broker, err := natsserver.Start(natsserver.Options{Dir: h.Streams(), SyncInterval: time.Second, Key: "key", Log: log})
		ok(b, err)
		defer broker.Close()
		a, err := ingestapp.New(b.Context(), ingestapp.Options{
			Config: c, NATS: broker.Conn(), Intake: h.Intake(), Sync: broker.Sync, Packed: true, Log: log,
		})
		ok(b, err)
		a.Start(b.Context())
		defer a.Close()
		hooks := httptest.NewServer(a.Handler())
		defer hooks.Close()
		measure(b, hooks.URL+"/webhooks/card", m.secret("card"), func() {})
	})
	b.Run("echo", func(b *testing.B) {
		e := echo.New()
		e.POST("/", func(c echo.Context) error {
			if _, err := io.ReadAll(c.Request().Body); err != nil {
				return err
			}
			return c.JSON(http.StatusOK, map[string]int{"facts": 1})
		})
		hooks := httptest.NewServer(e)
		defer hooks.Close()
		measure(b, hooks.URL, "whsec_test", func() {})
	})
	b.Run("file", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		ok(b, err)
		defer f.Close()
		log := &groupFile{file: f}
		hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				err = log.append(body)
			}
			if err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
		defer hooks.Close()
		measure(b, hooks.URL, "whsec_test", func() {})
	})
}

// groupFile is a file to which all that wait append with one write and one fsync.
type groupFile struct {
	file *os.File

	mu      sync.Mutex
	buffer  []byte
	waiting []chan error
	writing bool
}

func (g *groupFile) append(data []byte) error {
	done := make(chan error, 1)
	g.mu.Lock()
	g.buffer, g.waiting = append(g.buffer, data...), append(g.waiting, done)
	if !g.writing {
		g.writing = true
		go g.write()
	}
	g.mu.Unlock()
	return <-done
}

func (g *groupFile) write() {
	for {
		g.mu.Lock()
		buffer, waiting := g.buffer, g.waiting
		g.buffer, g.waiting = nil, nil
		if g.writing = len(waiting) > 0; !g.writing {
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		_, err := g.file.Write(buffer)
		err = errors.Join(err, g.file.Sync())
		for _, done := range waiting {
			done <- err
		}
	}
}

// BenchmarkLatency measures the delay from a webhook to its event under the load of a busy shop.
func BenchmarkLatency(b *testing.B) {
	for _, fsync := range []string{"always", "interval"} {
		b.Run("fsync="+fsync, func(b *testing.B) {
			m := benchServer(b, fsync)
			s := newSender(b, m.Control.Webhooks+"/webhooks/card", m.secret("card"))
			s.listen(m.ConsumerURL)
			var took []float64
			for b.Loop() {
				hooks := s.sign(2 * benchSteady)
				s.all(hooks, benchSteady)
				delays, _ := s.delays(hooks)
				if len(delays) < len(hooks) {
					b.Fatalf("%d of %d webhooks had no event", len(hooks)-len(delays), len(hooks))
				}
				took = append(took, delays...)
			}
			slices.Sort(took)
			b.ReportMetric(percentile(took, 50), "p50-ms")
			b.ReportMetric(percentile(took, 99), "p99-ms")
		})
	}
}

// process is the real command on a data directory, and its sender.
type process struct {
	*sender
	pid int
}

// newProcess builds and starts the real command.
func newProcess(b *testing.B) *process {
	m := &machine{t: b, dir: withRecipients(b, "")}
	binary := filepath.Join(b.TempDir(), "rodopath")
	const command = "github.com/rodopath/rodopath/services/rodopath/cmd/rodopath"
	build := exec.Command("go", "build", "-trimpath", "-o", binary, command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v: %s", err, out)
	}
	cmd := exec.Command(binary, "serve", "--data", m.dir, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	ok(b, cmd.Start())
	b.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	for {
		c, err := datadir.At(m.dir).ReadControl()
		if err == nil {
			s := newSender(b, c.Webhooks+"/webhooks/card", m.secret("card"))
			s.listen(strings.TrimSpace(read(b, datadir.At(m.dir).ConsumerURLPath())))
			return &process{sender: s, pid: cmd.Process.Pid}
		}
		select {
		case <-ctx.Done():
			b.Fatal("the server did not start")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// memory returns a size of the process in MiB, as reported by Linux.
func (p *process) memory(name string) float64 {
	p.Helper()
	for line := range strings.Lines(read(p.B, fmt.Sprintf("/proc/%d/status", p.pid))) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			kb, err := strconv.Atoi(fields[1])
			ok(p.B, err)
			return float64(kb) / 1024
		}
	}
	p.Fatalf("no %s", name)
	return 0
}

// BenchmarkMemory reports the resident memory of the real command, idle and the most under load.
func BenchmarkMemory(b *testing.B) {
	var idle, most float64
	for b.Loop() {
		p := newProcess(b)
		time.Sleep(2 * time.Second)
		idle = max(idle, p.memory("VmRSS:"))
		p.all(p.sign(2*benchSteady), benchSteady)
		p.all(p.sign(2*benchWebhooks), 0)
		most = max(most, p.memory("VmHWM:"))
	}
	b.ReportMetric(idle, "idle-MiB")
	b.ReportMetric(most, "most-MiB")
}

// BenchmarkCost reports the processor time of the real command for a webhook with all that follows, as fast as
// possible, the webhooks per second from the first webhook to the last event, and the bytes that the command writes
// for a webhook at 100 per second.
func BenchmarkCost(b *testing.B) {
	const calm, calmWebhooks = 100, 4000 // the store writes pages back, and sorts keys in, every few thousand
	var took, sustained, written float64
	for b.Loop() {
		p := newProcess(b)
		p.run(benchWebhooks, 0) // connections, buffers and files grow
		before, began := p.processorTime(), time.Now()
		p.run(5*benchWebhooks, 0)
		took, sustained = p.processorTime()-before, time.Since(began).Seconds()
		before = p.written()
		p.run(calmWebhooks, calm)
		written = p.written() - before
	}
	b.ReportMetric(took*1e6/(5*benchWebhooks), "cpu-µs")
	b.ReportMetric(5*benchWebhooks/sustained, "webhooks/s")
	b.ReportMetric(written/1024/calmWebhooks, "written-KiB")
}

// run sends webhooks at a rate and waits for their events.
func (p *process) run(n, rate int) {
	p.Helper()
	hooks := p.sign(n)
	p.all(hooks, rate)
	if _, late := p.delays(hooks); len(late) > 0 {
		p.Fatalf("%d of %d webhooks had no event", len(late), n)
	}
}

// processorTime returns the processor time of the process in seconds, as reported by Linux.
func (p *process) processorTime() float64 {
	p.Helper()
	const ticks = 100 // per second
	stat := read(p.B, fmt.Sprintf("/proc/%d/stat", p.pid))
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	user, err := strconv.ParseFloat(fields[11], 64)
	ok(p.B, err)
	system, err := strconv.ParseFloat(fields[12], 64)
	ok(p.B, err)
	return (user + system) / ticks
}

// written returns the bytes that the process has written to files and connections, as reported by Linux.
func (p *process) written() float64 {
	p.Helper()
	for line := range strings.Lines(read(p.B, fmt.Sprintf("/proc/%d/io", p.pid))) {
		if text, found := strings.CutPrefix(line, "wchar: "); found {
			n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			ok(p.B, err)
			return n
		}
	}
	p.Fatal("no wchar")
	return 0
}

// BenchmarkSoak sends at a share of the limit to the real command for the duration in
// RODOPATH_BENCH_SOAK, and compares the last quarter with the second. Every webhook is about a new
// person and leaves one decision in the stream.
func BenchmarkSoak(b *testing.B) {
	lasts, err := time.ParseDuration(os.Getenv("RODOPATH_BENCH_SOAK"))
	if err != nil {
		b.Skip("RODOPATH_BENCH_SOAK is not a duration such as 20m")
	}
	for b.Loop() {
		p := newProcess(b)
		hooks, begin := p.sign(5*benchWebhooks), time.Now()
		p.all(hooks, 0)
		p.delays(hooks) // the limit is the rate up to the last event
		rate := int(soakShare * float64(len(hooks)) / time.Since(begin).Seconds())
		n := max(4, int(lasts/soakWindow))
		memory, p99, sent, refused := make([]float64, n), make([]float64, n), 0, 0
		var waiting []hook // the events of these webhooks are late
		for i := range n {
			hooks := p.sign(rate * int(soakWindow.Seconds()))
			no := int(p.send(hooks, rate))
			took, late := p.delays(hooks)
			waiting = append(waiting, late...)
			memory[i], p99[i] = p.memory("VmRSS:"), percentile(took, 99)
			sent, refused = sent+len(hooks), refused+no
			b.Logf("window %d of %d: %d sent, %d refused, %d events, p99 %.1f ms, %.0f MiB", i+1, n, len(hooks), no,
				len(took), p99[i], memory[i])
		}
		delayed := len(waiting)
		for end := time.Now().Add(soakDrain); len(waiting) > refused && time.Now().Before(end); time.Sleep(time.Second) {
			_, waiting = p.arrivedOf(waiting)
		}
		early, late := memory[n/4:n/2], memory[n-n/4:]
		b.ReportMetric(mean(early), "early-MiB")
		b.ReportMetric(mean(late), "late-MiB")
		b.ReportMetric((mean(late)-mean(early))*(1<<20)/(float64(sent)*float64(n/2)/float64(n)), "B/decision")
		b.ReportMetric(mean(p99[n/4:n/2]), "early-p99-ms")
		b.ReportMetric(mean(p99[n-n/4:]), "late-p99-ms")
		b.ReportMetric(float64(rate), "webhooks/s")
		b.ReportMetric(float64(refused), "refused")
		b.ReportMetric(float64(delayed-refused), "late")
		b.ReportMetric(float64(len(waiting)-refused), "lost")
	}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
