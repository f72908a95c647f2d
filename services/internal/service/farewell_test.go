package service

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestServe_LosesNoRequestOnAnOpenConnection: clients send one request after the other on connections of their own
// until an answer tells them to close. No request is without an answer.
func TestServe_LosesNoRequestOnAnOpenConnection(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var answered atomic.Int64
	go func() {
		done <- serve(ctx, l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered.Add(1) }), alone())
	}()
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			if err := sendUntilTold(l.Addr().String()); err != nil {
				t.Errorf("got %v, want an answer to every request", err)
			}
		})
	}
	for answered.Load() < 1000 {
		time.Sleep(time.Millisecond)
	}
	stop()
	clients.Wait()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// sendUntilTold sends requests on one connection until an answer says that the connection ends.
func sendUntilTold(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := 1; ; n++ {
		if _, err := fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		if err := res.Body.Close(); err != nil || res.Close {
			return err
		}
	}
}

// TestServe_StopsAtOnceWithoutConnectionsInUse: nobody waits for a client that does not send.
func TestServe_StopsAtOnceWithoutConnectionsInUse(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	began := time.Now()
	if err := serve(ctx, l, http.NotFoundHandler(), leave{time.Hour, time.Hour}); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the stop took %s, want no farewell", took)
	}
}

// A replica waits for its clients, also those that use their connections only now and then; a server alone leaves soon.
func TestTakeLeave_WaitsForTheClients(t *testing.T) {
	const seldom = 5 * time.Second
	for name, c := range map[string]struct {
		leave leave
		// used is how long ago the connection was used, and closed after how long the client closes it; 0 means never.
		used, closed time.Duration
		want         time.Duration
	}{
		"a replica and a client that stays": {replica(), seldom, 0, 8 * time.Second},
		"a replica and a client that goes":  {replica(), seldom, time.Second, time.Second},
		"alone and a connection at rest":    {alone(), seldom, 0, 0},
		"alone and a connection in use":     {alone(), 0, 0, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				defer server.Close()
				all := &connections{used: map[net.Conn]time.Time{server: time.Now().Add(-c.used)}}
				if c.closed > 0 {
					time.AfterFunc(c.closed, func() { all.changed(server, http.StateClosed) })
				}
				began := time.Now()
				all.takeLeave(c.leave)
				if took := time.Since(began); took < c.want || took > c.want+leavePause {
					t.Errorf("the leave took %s, want %s", took, c.want)
				}
			})
		})
	}
}
