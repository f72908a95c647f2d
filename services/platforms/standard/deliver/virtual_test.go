package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	webhook "github.com/rodopath/rodopath/services/platforms/standard/deliver"
)

// pipes is a network in memory.
type pipes struct {
	conns chan net.Conn
	away  atomic.Bool
}

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p.away.Load() {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// book is a queue without an end, the receipts of what came out of it, and a switch that
// is on.
type book struct {
	mu    sync.Mutex
	told  []string
	acked int
	msgs  chan *delivery.Message
}

func (b *book) Run(ctx context.Context, out chan<- delivery.Arrival) {
	for {
		select {
		case m := <-b.msgs:
			out <- delivery.Arrival{Message: m}
		case <-ctx.Done():
			return
		}
	}
}

func (b *book) Ack() error { b.acked++; return nil }

func (b *book) Publish(_ context.Context, id string, _ *stream.Receipt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, id)
	return nil
}
func (*book) Disable(context.Context, string, string) error { return nil }
func (*book) Off(string) (time.Time, string, bool)          { return time.Time{}, "", false }
func (*book) Changed() <-chan struct{}                      { return nil }

// TestCarry_ARecipientWithEveryTrouble sends one decision over days of virtual time to a
// recipient that is away, silent, slow, broken and busy, one after the other.
func TestCarry_ARecipientWithEveryTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{conns: make(chan net.Conn)}
		network.away.Store(true)
		verifier, err := signature.NewStandard([]string{secret("n")})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		trouble, seen := "", []string{}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if err := verifier.Verify(
				r.Header.Get("Webhook-Id"),
				r.Header.Get("Webhook-Timestamp"),
				r.Header.Get("Webhook-Signature"),
				body,
				time.Now(),
			); err != nil {
				t.Error(err)
			}
			mu.Lock()
			now := trouble
			seen = append(seen, now)
			mu.Unlock()
			switch now {
			case "silent":
				<-r.Context().Done()
			case "slow":
				for r.Context().Err() == nil {
					time.Sleep(time.Second)
					w.Header().Set("X", "y") // never a byte
				}
			case "garbage":
				conn, _, _ := w.(http.Hijacker).Hijack()
				_, _ = io.WriteString(conn, "garbage\r\n\r\n")
				_ = conn.Close()
			case "busy":
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
			case "redirect":
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			case "broken":
				w.WriteHeader(http.StatusInternalServerError)
			}
		})}
		go func() { _ = server.Serve(network) }()
		client := outbound.Client(outbound.Options{})
		client.Transport.(*http.Transport).DialContext = network.dial
		c, err := webhook.New(
			webhook.Options{
				Recipient:    "crm",
				URL:          "http://crm.example",
				Secrets:      []string{secret("n")},
				AllowPrivate: true,
				Client:       client,
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		b := &book{msgs: make(chan *delivery.Message)}
		lane := delivery.New(delivery.Options{Recipient: "crm", Connector: c, Receipts: b, Switch: b})
		var fleet delivery.Fleet
		fleet.Add(lane, b)
		fleet.Start(t.Context())
		for i := range 2 {
			e := natstest.Event(fmt.Sprint("dec_", i), "ala", "crm")
			body, _ := e.Encode()
			b.msgs <- &delivery.Message{Sequence: uint64(i + 1), Stored: time.Now(), Event: e, Body: body, Claim: b}
		}
		time.Sleep(4 * time.Hour)
		if st := lane.Status(); st.State != delivery.StateCircuitOpen || len(b.told) != 0 {
			t.Errorf("while nobody is there: %+v", st)
		}
		network.away.Store(false)
		troubles := []string{"silent", "slow", "garbage", "redirect", "broken", "busy"}
		for _, now := range troubles {
			mu.Lock()
			trouble = now
			mu.Unlock()
			time.Sleep(30 * time.Minute)
		}
		mu.Lock()
		trouble = ""
		for _, now := range troubles {
			n := len(slices.DeleteFunc(slices.Clone(seen), func(s string) bool { return s != now }))
			if n == 0 || n > 40 || now == "busy" && n != 1 {
				t.Errorf("%s: %d calls", now, n)
			}
		}
		mu.Unlock()
		time.Sleep(2 * time.Hour)
		fleet.Close()
		if !slices.Equal(b.told, []string{"dec_0:crm:sent", "dec_1:crm:sent"}) || b.acked != 2 {
			t.Errorf("got %v, %d acknowledged", b.told, b.acked)
		}
		client.CloseIdleConnections()
		close(network.conns)
		_ = server.Close()
	})
}
