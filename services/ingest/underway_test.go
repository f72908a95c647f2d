package ingest_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	stripewebhook "github.com/rodopath/rodopath/services/platforms/stripe/webhook"
)

// crowd is a server that many clients use at a time.
type crowd struct {
	*httptest.Server
	t *testing.T
}

func newCrowd(t *testing.T, opts ingest.Options) *crowd {
	t.Helper()
	pay, err := stripewebhook.New(ingest.Source{ID: "pay", Secrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	opts.Sources = map[string]ingest.Provider{"pay": pay}
	opts.Publisher, opts.Log = &broker{}, slog.New(slog.DiscardHandler)
	opts.Now = func() time.Time { return epoch }
	h, err := ingest.NewHandler(opts)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	h.Register(e)
	c := &crowd{httptest.NewServer(e), t}
	t.Cleanup(c.Close)
	return c
}

// begin sends the head of a webhook and a part of the body.
func (c *crowd) begin(length int, part string) net.Conn {
	c.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(c.t.Context(), "tcp", c.Listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /webhooks/pay HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, part)
	if err != nil {
		c.t.Fatal(err)
	}
	return conn
}

// webhook sends a signed webhook and returns the status of the answer.
func (c *crowd) webhook() int {
	c.t.Helper()
	const body = `{"id":"evt_1","type":"invoice.sent","created":1,"data":{"object":{}}}`
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.URL+"/webhooks/pay", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", stripe.Sign(secret, epoch, []byte(body)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// status is the status of the answer on a connection.
func (c *crowd) status(conn net.Conn) int {
	c.t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestReceive_AnAnnouncedLengthTakesNoMemory: a body takes the memory of its bytes, not of its Content-Length.
func TestReceive_AnAnnouncedLengthTakesNoMemory(t *testing.T) {
	c := newCrowd(t, ingest.Options{MaxRequests: 10_000})
	const clients = 400
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range clients {
		c.begin(1<<20, "{")
	}
	if code := c.webhook(); code != http.StatusOK {
		t.Errorf("a webhook among them is answered %d, want 200", code)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / clients; each > 128<<10 {
		t.Errorf("an unfinished body takes %d bytes, want at most 128 KiB", each)
	}
}

// TestReceive_TheOldestUnfinishedBodyGivesWay: strangers who leave bodies unfinished keep no webhook out.
func TestReceive_TheOldestUnfinishedBodyGivesWay(t *testing.T) {
	for name, opts := range map[string]ingest.Options{
		"by number": {MaxRequests: 4},
		"by bytes":  {MaxBytes: 4 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, opts)
			var strangers []net.Conn
			for range 20 {
				strangers = append(strangers, c.begin(1<<20, strings.Repeat("x", 1000)))
			}
			if code := c.webhook(); code != http.StatusOK {
				t.Errorf("a signed webhook is answered %d, want 200", code)
			}
			if code := c.status(strangers[0]); code != http.StatusRequestTimeout {
				t.Errorf("the oldest unfinished body is answered %d, want 408", code)
			}
		})
	}
}

// TestReceive_AnUnfinishedBodyTooLargeForTheMemoryIsRefused: without an older one to cut off.
func TestReceive_AnUnfinishedBodyTooLargeForTheMemoryIsRefused(t *testing.T) {
	c := newCrowd(t, ingest.Options{MaxBytes: 1 << 10})
	if code := c.status(c.begin(1<<20, strings.Repeat("x", 4000))); code != http.StatusServiceUnavailable {
		t.Errorf("answered %d, want 503", code)
	}
	if code := c.webhook(); code != http.StatusOK {
		t.Errorf("the next webhook is answered %d, want 200", code)
	}
}
