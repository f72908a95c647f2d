// Package freeport chooses ports of servers whose addresses must be known before the servers start.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// The ports from first to last are below those that Linux (32768), macOS and Windows (49152) give to outgoing
// connections and to listeners without a port of their own: a port that is free stays free until it is opened.
const (
	first = 15000
	last  = 32000
)

// tries bounds the ports that are tried for one address.
const tries = 100

// Addresses returns n different addresses of the loopback interface, host and port, on which nobody listens.
func Addresses(ctx context.Context, n int) ([]string, error) {
	out := make([]string, n)
	for i := range out {
		l, err := open(ctx)
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:gocritic // deferInLoop: closed together, so that all ports differ
		out[i] = l.Addr().String()
	}
	return out, nil
}

// Port returns a port of the loopback interface on which nobody listens.
func Port(ctx context.Context) (int, error) {
	l, err := open(ctx)
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close() //nolint:forcetypeassert // of a TCP listener
}

func open(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	for range tries {
		port := first + rand.IntN(last-first) //nolint:gosec // G404: no secret
		l, err := c.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
	return nil, fmt.Errorf("find a free port: %d ports from %d to %d are in use", tries, first, last)
}
