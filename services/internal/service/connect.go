// Package service holds the common start and end of every service: the connection to NATS, and the
// HTTP server with its graceful shutdown.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// connectPatience bounds the wait for the first connection, connectPause is the pause between attempts.
const (
	connectPatience = time.Minute
	connectPause    = time.Second
)

// Connect connects to the configured NATS servers and reconnects without limit. While no server answers, as after a
// simultaneous start, Connect waits for up to a minute and logs the wait. more holds the options of a single service.
func Connect(
	ctx context.Context, c *config.Config, name string, log *slog.Logger, more ...nats.Option,
) (nc *nats.Conn, err error) {
	if c.NATS.URL == "" {
		return nil, errors.New("connect to NATS: no address; set nats.url or RODOPATH_NATS_URL")
	}
	opts := append(append(ReconnectOptions(log), nats.Name(name)), more...)
	if c.NATS.Credentials != "" {
		creds, err := c.Secret(c.NATS.Credentials)
		if err != nil {
			return nil, c.At(fmt.Errorf("connect to NATS: %w", err), "nats", "credentials")
		}
		opts = append(opts, nats.UserCredentialBytes([]byte(creds)))
	}
	secure, err := tlsOptions(c)
	if err != nil {
		return nil, err
	}
	opts = append(opts, secure...)
	err = loop.Await(ctx, connectPause, connectPatience, isAway, func(err error) {
		log.WarnContext(ctx, "NATS does not answer; further attempts follow for a minute", "error", err)
	}, func() error {
		nc, err = nats.Connect(c.NATS.URL, opts...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: the server cannot be reached, or refuses this client; check nats.url "+
			"(RODOPATH_NATS_URL), nats.credentials and nats.certificate: %w", err)
	}
	return nc, nil
}

// isAway reports whether an error of a connection may pass: no server answers, or one ends the connection while it
// starts or stops. A server that refuses a certificate does not change its mind.
func isAway(err error) bool {
	var network net.Error
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return false
	}
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, io.EOF) ||
		errors.As(err, &network)
}

// ReconnectOptions are the options of a connection that is never given up.
func ReconnectOptions(log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		// A publication during an outage must fail at once, so that the sender is informed, and not
		// wait in memory.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("NATS reports", "error", err) }),
	}
}

// Connected reports whether the connection is up, for readiness.
func Connected(nc *nats.Conn) error {
	if !nc.IsConnected() {
		return errors.New("no connection to NATS")
	}
	return nil
}

// publishTimeout bounds the wait for the acknowledgement of JetStream.
const publishTimeout = 10 * time.Second

// JetStream opens JetStream on a connection and ensures the configured streams. While the servers
// have no leader, as after a simultaneous start, JetStream waits for up to a minute and logs the
// wait.
func JetStream(ctx context.Context, nc *nats.Conn, c *config.Config, log *slog.Logger) (jetstream.JetStream, error) {
	js, err := OpenJetStream(nc)
	if err != nil {
		return nil, err
	}
	if err := AwaitLeader(ctx, log, func() error { return EnsureStreams(ctx, js, c) }); err != nil {
		return js, err
	}
	warnings, err := streams.Check(ctx, js, c.NATS.Replicas)
	for _, text := range warnings {
		log.WarnContext(ctx, text)
	}
	if err != nil { // the streams are there, so the service works
		log.WarnContext(ctx, "the placement of the streams cannot be read", "error", err)
	}
	return js, nil
}

// leaderPatience bounds the wait for a JetStream leader at the start, leaderPause is the backoff
// between attempts.
const (
	leaderPatience = time.Minute
	leaderPause    = 500 * time.Millisecond
)

// AwaitLeader does what needs a leader of JetStream. While the servers have none, as after a simultaneous start,
// AwaitLeader tries again for up to a minute and logs the wait.
func AwaitLeader(ctx context.Context, log *slog.Logger, do func() error) error {
	return loop.Await(ctx, leaderPause, leaderPatience, leaderless, func(err error) {
		log.Warn("JetStream has no leader yet; further attempts follow for a minute", "error", err)
	}, do)
}

// Answers of JetStream without a leader, or with too few servers.
const (
	noPeers        = jetstream.ErrorCode(10005)
	notYetInOffice = jetstream.ErrorCode(10008)
)

// leaderless reports whether an error may disappear with the election of a leader.
func leaderless(err error) bool {
	if answer, ok := errors.AsType[*jetstream.APIError](err); ok {
		return answer.ErrorCode == noPeers || answer.ErrorCode == notYetInOffice
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout)
}

// OpenJetStream opens JetStream on a connection without a request to the servers.
func OpenJetStream(nc *nats.Conn) (jetstream.JetStream, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncTimeout(publishTimeout))
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return js, nil
}

// EnsureStreams creates or updates the configured streams.
func EnsureStreams(ctx context.Context, js jetstream.JetStream, c *config.Config) error {
	keep := time.Duration(c.KeepDecisionsDays) * 24 * time.Hour
	return streams.Ensure(ctx, js, streams.Options{Replicas: c.NATS.Replicas, Tags: c.NATS.Tags, KeepDecisions: keep})
}
