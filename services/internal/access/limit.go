package access

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/problem"
)

// LimitOptions configure a Limit.
type LimitOptions struct {
	// PerMinute is the number of refused requests of one address in a minute before the answer is
	// 429; 0 means 120, a negative number no limit.
	PerMinute int
	// Proxies are the networks of trusted reverse proxies, whose X-Forwarded-For is believed.
	// Loopback and private addresses are always trusted.
	Proxies []netip.Prefix
	// Now returns the time; nil means time.Now.
	Now func() time.Time
}

// Limit is a rate limit on refused requests: an address with too many refusals gets 429 before its
// request is read. Refusals count for each path apart, so that a sender with a wrong secret does not
// lock out another sender with the same address.
//
// A webhook is different, because a platform may send a webhook only once and share its address with
// strangers: the signature is checked first, and 429 only takes the place of the refusal of a request
// without a right signature. A webhook with a right signature is never limited.
type Limit struct {
	opts LimitOptions
	next http.Handler

	mu      sync.Mutex
	refused map[string]*rate.Limiter
}

// Limited puts the limit of a configuration before a handler that faces strangers.
func Limited(next http.Handler, c config.Limits, now func() time.Time) (http.Handler, error) {
	o := LimitOptions{PerMinute: c.RefusedPerMinute, Now: now}
	for _, text := range c.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("limits.trusted_proxies: %w", err)
		}
		o.Proxies = append(o.Proxies, p)
	}
	return NewLimit(next, o), nil
}

const (
	defaultRefused = 120
	// remembered bounds how many addresses are remembered at once.
	remembered = 8192
)

// NewLimit puts a limit before a handler.
func NewLimit(next http.Handler, opts LimitOptions) http.Handler {
	if opts.PerMinute < 0 {
		return next
	}
	if opts.PerMinute == 0 {
		opts.PerMinute = defaultRefused
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Limit{opts: opts, next: next, refused: map[string]*rate.Limiter{}}
}

// webhooks is the path below which requests are signed.
const webhooks = "/webhooks/"

// ServeHTTP answers, or passes the request on.
func (l *Limit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, ok := l.sender(r)
	if !ok {
		l.next.ServeHTTP(w, r)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), senderKey{}, from))
	clean := path.Clean(r.URL.Path)
	everywhere, here := from, from+" "+clean
	exhausted := l.isExhausted(everywhere) || l.isExhausted(here)
	signed := strings.HasPrefix(clean, webhooks)
	if exhausted && !signed {
		tooOften(w)
		return
	}
	seen := &answer{ResponseWriter: w, limited: exhausted}
	l.next.ServeHTTP(seen, r)
	if seen.replaced {
		return
	}
	switch seen.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed: // the path is the sender's invention
		l.count(everywhere)
	case http.StatusBadRequest,
		http.StatusUnauthorized,
		http.StatusForbidden,
		http.StatusRequestEntityTooLarge,
		http.StatusUnprocessableEntity:
		l.count(here)
	}
}

// tooOften answers a request of an address that reached its limit.
func tooOften(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(60))
	_ = problem.New(http.StatusTooManyRequests, "refused-too-often",
		"Too many requests of this address were refused in the last minute.").Write(w) // the client may be disconnected
}

// sender is the address of a request; of an IPv6 address its /64 network, the unit of one customer.
// The result is false for a request from this machine or a private network without a proxy.
func (l *Limit) sender(r *http.Request) (string, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "", false
	}
	from := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && l.isPrivate(from); i-- {
		hop, err := netip.ParseAddr(hostOf(strings.TrimSpace(hops[i])))
		if err != nil {
			break
		}
		from = hop.Unmap()
	}
	if l.isPrivate(from) {
		return "", false
	}
	if from.Is6() {
		if network, err := from.WithZone("").Prefix(64); err == nil {
			return network.String(), true
		}
	}
	return from.String(), true
}

// senderKey is the key of the sender in the context of a request.
type senderKey struct{}

// Sender is the address from which a request came through a Limit, of IPv6 the network; empty for a request from this
// machine or a private network without a proxy.
func Sender(r *http.Request) string {
	from, _ := r.Context().Value(senderKey{}).(string)
	return from
}

// hostOf removes the port that some proxies append.
func hostOf(hop string) string {
	if host, _, err := net.SplitHostPort(hop); err == nil {
		return host
	}
	return hop
}

func (l *Limit) isPrivate(a netip.Addr) bool {
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range l.opts.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// isExhausted reports whether an address reached its limit.
func (l *Limit) isExhausted(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.refused[key]
	return bucket != nil && bucket.TokensAt(l.opts.Now()) < 1
}

func (l *Limit) count(key string) {
	now := l.opts.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.refused[key]
	if bucket == nil {
		l.forget(now)
		bucket = rate.NewLimiter(rate.Limit(float64(l.opts.PerMinute)/60), l.opts.PerMinute)
		l.refused[key] = bucket
	}
	bucket.AllowN(now, 1)
}

// forget makes room: unused entries first, otherwise any entry.
func (l *Limit) forget(now time.Time) {
	if len(l.refused) < remembered {
		return
	}
	for key, bucket := range l.refused {
		if bucket.TokensAt(now) >= float64(l.opts.PerMinute) {
			delete(l.refused, key)
		}
	}
	for key := range l.refused {
		if len(l.refused) < remembered {
			return
		}
		delete(l.refused, key)
	}
}

// answer sees the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
	// limited reports whether a refusal for want of a right signature is replaced by 429, replaced
	// whether it was.
	limited, replaced bool
}

// WriteHeader notes the status, or replaces the answer.
func (a *answer) WriteHeader(status int) {
	if a.replaced {
		return
	}
	a.status = status
	if a.limited && isUnsigned(status) {
		a.replaced = true
		a.Header().Del("Content-Length")
		tooOften(a.ResponseWriter)
		return
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the answer, unless the answer was replaced.
func (a *answer) Write(p []byte) (int, error) {
	if a.replaced {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// isUnsigned reports whether a request to a webhook was refused for want of a right signature, or has
// no source whose signature could be right. Any other refusal may concern a signed request.
func isUnsigned(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}

// Unwrap returns the wrapped writer, for flushing.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
