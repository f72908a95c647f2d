package access

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"strings"
	"testing"
	"time"
)

// door answers 401 unless the request is signed, and 404 on unknown paths.
func door(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasPrefix(path.Clean(r.URL.Path), "/webhooks/"):
		http.NotFound(w, r)
	case r.Header.Get("Signed") == "":
		http.Error(w, "unsigned", http.StatusUnauthorized)
	case r.Header.Get("Signed") == "impossible":
		http.Error(w, "impossible", http.StatusUnprocessableEntity)
	}
}

type call struct {
	peer, forwarded, path string
	signed                bool
}

func (c call) ask(t *testing.T, h http.Handler) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, nil)
	r.RemoteAddr = c.peer
	if c.forwarded != "" {
		r.Header.Set("X-Forwarded-For", c.forwarded)
	}
	if c.signed {
		r.Header.Set("Signed", "yes")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestLimit_CountsWhatIsRefusedOfAnAddress(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	made := func(o LimitOptions) http.Handler {
		o.PerMinute, o.Now = 3, func() time.Time { return now }
		return NewLimit(http.HandlerFunc(door), o)
	}
	const outside = "203.0.113.9:4711"
	forged := call{peer: outside, path: "/webhooks/shop"}
	for _, c := range []struct {
		name   string
		opts   LimitOptions
		before call
		then   call
		want   int
	}{
		{"forged again", LimitOptions{}, forged, forged, http.StatusTooManyRequests},
		{"the same address on another path", LimitOptions{}, forged, call{peer: outside, path: "/webhooks/card", signed: true}, http.StatusOK},
		{"another address", LimitOptions{}, forged, call{peer: "203.0.113.10:1", path: "/webhooks/shop", signed: true}, http.StatusOK},
		{"paths of its own invention count everywhere", LimitOptions{}, call{peer: outside, path: "/x"}, call{peer: outside, path: "/webhooks/card"}, http.StatusTooManyRequests},
		{"and on paths without signatures", LimitOptions{}, call{peer: outside, path: "/x"}, call{peer: outside, path: "/y", signed: true}, http.StatusTooManyRequests},
		{"a right signature after paths of another's invention", LimitOptions{}, call{peer: outside, path: "/x"}, call{peer: outside, path: "/webhooks/card", signed: true}, http.StatusOK},
		{"a right signature after forged ones", LimitOptions{}, forged, call{peer: outside, path: "/webhooks/shop", signed: true}, http.StatusOK},
		{"the same path, written otherwise", LimitOptions{}, forged, call{peer: outside, path: "//webhooks//shop/"}, http.StatusTooManyRequests},
		{"signed ones are never counted", LimitOptions{}, call{peer: outside, path: "/webhooks/shop", signed: true}, call{peer: outside, path: "/webhooks/shop", signed: true}, http.StatusOK},
		{"behind a proxy the sender counts", LimitOptions{}, call{peer: "10.0.0.7:1", forwarded: "198.51.100.4", path: "/webhooks/shop"}, call{peer: "10.0.0.7:1", forwarded: "198.51.100.4", path: "/webhooks/shop"}, http.StatusTooManyRequests},
		{"behind a proxy others go on", LimitOptions{}, call{peer: "10.0.0.7:1", forwarded: "198.51.100.4", path: "/webhooks/shop"}, call{peer: "10.0.0.7:1", forwarded: "198.51.100.5", path: "/webhooks/shop", signed: true}, http.StatusOK},
		{"from outside nobody is believed", LimitOptions{}, call{peer: outside, forwarded: "198.51.100.1", path: "/webhooks/shop"}, call{peer: outside, forwarded: "198.51.100.2", path: "/webhooks/shop"}, http.StatusTooManyRequests},
		{"what a sender puts before the proxy's word", LimitOptions{}, call{peer: "10.0.0.7:1", forwarded: "192.0.2.1, 198.51.100.4", path: "/webhooks/shop"}, call{peer: "10.0.0.7:1", forwarded: "192.0.2.99, 198.51.100.4", path: "/webhooks/shop"}, http.StatusTooManyRequests},
		{"a proxy with a public address", LimitOptions{Proxies: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, call{peer: outside, forwarded: "198.51.100.4", path: "/webhooks/shop"}, call{peer: outside, forwarded: "198.51.100.5", path: "/webhooks/shop", signed: true}, http.StatusOK},
		{"the neighbour in one IPv6 network", LimitOptions{}, call{peer: "[2001:db8:1:2::1]:1", path: "/webhooks/shop"}, call{peer: "[2001:db8:1:2::ffff]:1", path: "/webhooks/shop"}, http.StatusTooManyRequests},
		{"on this machine", LimitOptions{}, call{peer: "127.0.0.1:1", path: "/webhooks/shop"}, call{peer: "127.0.0.1:1", path: "/webhooks/shop"}, http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := made(c.opts)
			for range 3 {
				if got := c.before.ask(t, h); got == http.StatusTooManyRequests {
					t.Fatal("limited too early")
				}
			}
			if got := c.then.ask(t, h); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// TestLimit_AReplacedRefusalIsOneAnswer looks at the body, and at a signed request that is refused for
// another reason than its signature.
func TestLimit_AReplacedRefusalIsOneAnswer(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	h := NewLimit(http.HandlerFunc(door), LimitOptions{PerMinute: 1, Now: func() time.Time { return now }})
	ask := func(signed string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/shop", nil)
		r.RemoteAddr = "203.0.113.9:1"
		r.Header.Set("Signed", signed)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	ask("")
	w := ask("")
	if body := w.Body.String(); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "60" ||
		!strings.Contains(body, "refused-too-often") || strings.Contains(body, "unsigned") {
		t.Errorf("got %d %s", w.Code, body)
	}
	if w := ask("impossible"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a signed request: got %d", w.Code)
	}
}

func TestLimit_LetsInAgainAfterAWhile(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	h := NewLimit(http.HandlerFunc(door), LimitOptions{PerMinute: 1, Now: func() time.Time { return now }})
	c := call{peer: "203.0.113.9:1", path: "/webhooks/shop"}
	c.ask(t, h)
	if got := c.ask(t, h); got != http.StatusTooManyRequests {
		t.Fatalf("got %d", got)
	}
	now = now.Add(time.Minute)
	if c.ask(t, h) != http.StatusUnauthorized {
		t.Error("still limited after a minute")
	}
}

func TestLimit_RemembersNoMoreThanItMay(t *testing.T) {
	l := NewLimit(http.HandlerFunc(door), LimitOptions{}).(*Limit)
	for i := range remembered + 100 {
		call{peer: fmt.Sprintf("203.%d.%d.1:1", i/250, i%250), path: "/webhooks/shop"}.ask(t, l)
	}
	if n := len(l.refused); n > remembered {
		t.Errorf("%d addresses are remembered", n)
	}
}
