// Package outbound makes the HTTP clients that call recipients: guarded against
// addresses inside, bounded in time and size, and without memory.
package outbound

import (
	"cmp"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Options configure a client.
type Options struct {
	// AllowPrivate permits calls to private networks and to this machine.
	AllowPrivate bool
	// Timeout bounds a call from the dialling to the last byte of the answer; 0 means
	// 15 seconds.
	Timeout time.Duration
}

// The times that bound the parts of a call.
const (
	defaultTimeout = 15 * time.Second
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 5 * time.Second
	idleTimeout    = 90 * time.Second
)

const (
	// idlePerHost is how many connections to one host are kept for the next call.
	idlePerHost = 64
	maxHeader   = 64 << 10
)

// Client returns an HTTP client that verifies certificates, follows no redirects, keeps no cookies,
// and ignores proxies of the environment. Clients share no connections, so that a client without
// AllowPrivate never uses a connection of one with AllowPrivate.
func Client(opts Options) *http.Client {
	timeout := cmp.Or(opts.Timeout, defaultTimeout)
	dialer := &net.Dialer{Timeout: min(dialTimeout, timeout), KeepAlive: 30 * time.Second}
	if !opts.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return Allowed(address) }
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    min(tlsTimeout, timeout),
			IdleConnTimeout:        idleTimeout,
			MaxIdleConnsPerHost:    idlePerHost,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
