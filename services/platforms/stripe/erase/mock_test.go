package erase_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
)

// TestCarry_AgainstStripeMock makes the connector's calls to stripe-mock, which holds
// them against Stripe's own description of its API, in the version that the connector
// names.
func TestCarry_AgainstStripeMock(t *testing.T) {
	address := startMock(t)
	var mu sync.Mutex
	var refused, calls []string
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ModifyResponse = func(res *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, res.Request.Method+" "+res.Request.URL.Path)
		if res.StatusCode >= 400 {
			body, _ := io.ReadAll(res.Body)
			res.Body = io.NopCloser(bytes.NewReader(body))
			refused = append(refused, res.Request.Method+" "+res.Request.URL.Path+": "+string(body))
		}
		return nil
	}
	front := httptest.NewServer(proxy)
	defer front.Close()
	c, err := stripe.New(
		stripe.Options{Key: "sk_test_123", Base: front.URL, AllowPrivate: true, Client: erasuretest.Client()},
	)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"stripe:cus_1"}
	for _, e := range []*stream.Event{
		erasuretest.Deletion("person", ids, "contact"),
		erasuretest.Stays(erasuretest.Deletion("part", ids, "contact", "phone"), "order stripe:in_1"),
		erasuretest.Stays(erasuretest.Deletion("part", ids, "phone"), "contact"),
		erasuretest.Hidden(erasuretest.Deletion("person", ids, "contact")),
	} {
		if _, err := erasuretest.Deliver(t, c, e); err != nil {
			t.Error(err)
		}
	}
	if _, err := stripe.Empty(t.Context(), c, "cus_1"); err != nil {
		t.Error(err)
	}
	if err := stripe.Remove(t.Context(), c, "cus_1"); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(refused) > 0 {
		t.Errorf("stripe-mock refuses:\n%s", strings.Join(refused, "\n"))
	}
	for _, want := range []string{
		"GET /v1/customers", "GET /v1/customers/search", "GET /v1/customers/cus_1", "GET /v1/subscriptions",
		"POST /v1/customers/cus_1", "DELETE /v1/customers/cus_1",
	} {
		if !slices.Contains(calls, want) {
			t.Errorf("%s was not called; called were %q", want, calls)
		}
	}
}

// startMock builds stripe-mock as scripts/tools pins it, and starts it on a free port.
func startMock(t *testing.T) *url.URL {
	t.Helper()
	tools, err := filepath.Abs("../../../../scripts/tools")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "stripe-mock")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/stripe/stripe-mock")
	build.Dir, build.Env = tools, append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("stripe-mock cannot be built: %v\n%s", err, out)
	}
	mock := exec.CommandContext(t.Context(), binary, "-http-addr", "127.0.0.1:0", "-strict-version-check")
	out, err := mock.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	mock.Stderr = mock.Stdout
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Process.Kill(); _ = mock.Wait() })
	found := make(chan string, 1)
	go listen(out, found)
	select {
	case address := <-found:
		if address == "" {
			t.Fatal("stripe-mock did not start")
		}
		return &url.URL{Scheme: "http", Host: address}
	case <-time.After(time.Minute):
		t.Fatal("stripe-mock did not start in a minute")
	}
	return nil
}

// listen finds the address in what stripe-mock says, and drains the rest.
func listen(out io.Reader, found chan<- string) {
	pattern := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	var said []byte
	buf := make([]byte, 1024)
	sent := false
	for {
		n, err := out.Read(buf)
		said = append(said, buf[:n]...)
		if m := pattern.Find(said); m != nil && !sent {
			found <- string(m)
			sent = true
		}
		if err != nil {
			close(found)
			return
		}
	}
}
