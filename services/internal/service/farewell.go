package service

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connections are the connections of a server, which are to be closed by their clients before the server stops.
type connections struct {
	next    http.Handler
	leaving atomic.Bool

	mu sync.Mutex
	// used is when each open connection changed between work and rest.
	used map[net.Conn]time.Time
}

// ServeHTTP tells the client to close the connection while the server is about to stop.
func (c *connections) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
	c.next.ServeHTTP(w, r)
}

// changed records the state of a connection.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.used, conn)
		return
	}
	c.used[conn] = time.Now()
}

// leave is how a server that stops takes leave of its clients, which are told to close their connections.
type leave struct {
	// lately is how long ago a connection was used that is probably used again.
	lately time.Duration
	// within bounds the time.
	within time.Duration
}

// The leave of a server that nothing replaces, and of a replica: its clients turn to the others, so that no request
// need be lost. A client uses some of its connections only when it is busy, and the server must not close one in the
// moment of its use: a replica waits until its clients have closed all of them, or the time has passed.
func alone() leave   { return leave{lately: 300 * time.Millisecond, within: 5 * time.Second} }
func replica() leave { return leave{lately: idleTimeout, within: 8 * time.Second} }

// leavePause is the pause between two looks at the connections.
const leavePause = 10 * time.Millisecond

// takeLeave waits until no connection was used lately, or until the time has passed.
func (c *connections) takeLeave(l leave) {
	c.leaving.Store(true)
	for end := time.Now().Add(l.within); time.Now().Before(end) && c.inUse(l.lately); {
		time.Sleep(leavePause)
	}
}

// inUse reports whether a connection was used lately.
func (c *connections) inUse(lately time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.used {
		if time.Since(at) < lately {
			return true
		}
	}
	return false
}
