package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Timeouts against slow and silent clients.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	finishTimeout = 2 * time.Second
	cutTimeout    = 3 * time.Second
	maxHeader     = 16 << 10
)

// Listen opens an address for Serve.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// Serve answers requests on a listener until the end of the context. Then each answer tells its client to close the
// connection, for as long as clients use their connections, up to 5 seconds. Requests in progress may finish; streaming
// requests are then cut off.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	return serve(ctx, l, h, alone())
}

// ServeReplica is Serve for one of several replicas: the server waits up to 8 seconds until its clients have closed
// their connections, also those that nobody uses. A server that closes a connection on which a client is just sending
// loses the request.
func ServeReplica(ctx context.Context, l net.Listener, h http.Handler) error {
	return serve(ctx, l, h, replica())
}

func serve(ctx context.Context, l net.Listener, h http.Handler, farewell leave) error {
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	c := &connections{next: cutSlowReaders(h, writeTimeout), used: map[net.Conn]time.Time{}}
	server := &http.Server{
		Handler: c, ConnState: c.changed, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return base },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	c.takeLeave(farewell)
	if shutdown(server, finishTimeout) == nil {
		return nil
	}
	cut()
	if err := shutdown(server, cutTimeout); err != nil {
		return errors.Join(fmt.Errorf("stop listening: %w", err), server.Close())
	}
	return nil
}

func shutdown(server *http.Server, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return server.Shutdown(ctx)
}
