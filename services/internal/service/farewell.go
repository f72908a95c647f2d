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

const (
	// leavePause is the pause between two looks at the connections.
	leavePause = 10 * time.Millisecond
	// lately is how long ago a connection was used that is probably used again at once.
	lately = 300 * time.Millisecond
)

// takeLeave waits until no connection was used lately, or until the time has passed.
func (c *connections) takeLeave(within time.Duration) {
	c.leaving.Store(true)
	for end := time.Now().Add(within); time.Now().Before(end) && c.inUse(); {
		time.Sleep(leavePause)
	}
}

// inUse reports whether a connection was used lately.
func (c *connections) inUse() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.used {
		if time.Since(at) < lately {
			return true
		}
	}
	return false
}
