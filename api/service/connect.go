// Package service holds what every service of Rodopath does at its edges: it
// connects to NATS, and listens until it is told to stop.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/config"
	"github.com/rodopath/rodopath/api/stream"
)

// Connect connects to the NATS servers of the configuration, and keeps trying
// when a connection is lost. More options are those of a single service.
func Connect(c *config.Config, name string, log *slog.Logger, more ...nats.Option) (*nats.Conn, error) {
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
	nc, err := nats.Connect(c.NATS.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: it cannot be reached; is nats.url (RODOPATH_NATS_URL) right? %w", err)
	}
	return nc, nil
}

// ReconnectOptions are the options of a connection that is never given up.
func ReconnectOptions(log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		// What is published while the connection is away must fail at once, so that
		// the sender hears of it, and not wait in memory.
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

// Connected tells whether the connection stands, as readiness is answered.
func Connected(nc *nats.Conn) error {
	if !nc.IsConnected() {
		return errors.New("the connection to NATS is away")
	}
	return nil
}

// publishTimeout bounds the wait for JetStream to say that it has an event.
const publishTimeout = 10 * time.Second

// JetStream opens JetStream on a connection and makes sure that the streams are
// there, as the configuration wants them. It waits while the servers have no leader, as
// when all of them start at once, for up to a minute, and logs that it does.
func JetStream(ctx context.Context, nc *nats.Conn, c *config.Config, log *slog.Logger) (jetstream.JetStream, error) {
	js, err := OpenJetStream(nc)
	if err != nil {
		return nil, err
	}
	return js, awaitStreams(ctx, js, c, log)
}

// leaderPatience is how long a start waits for JetStream to have a leader, and leaderPause
// how long it rests before it asks again.
const (
	leaderPatience = time.Minute
	leaderPause    = 500 * time.Millisecond
)

func awaitStreams(ctx context.Context, js jetstream.JetStream, c *config.Config, log *slog.Logger) error {
	since := time.Now()
	for said := false; ; said = true {
		err := EnsureStreams(ctx, js, c)
		if err == nil || !leaderless(err) || time.Since(since) > leaderPatience {
			return err
		}
		if !said {
			log.Warn("JetStream has no leader yet; trying again for a minute", "error", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(leaderPause):
		}
	}
}

// What JetStream answers while it has no leader, or too few servers.
const (
	noPeers        = jetstream.ErrorCode(10005)
	notYetInOffice = jetstream.ErrorCode(10008)
)

// leaderless tells whether an error may go away once the servers have a leader, who alone
// answers.
func leaderless(err error) bool {
	var answer *jetstream.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode == noPeers || answer.ErrorCode == notYetInOffice
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout)
}

// OpenJetStream opens JetStream on a connection, and asks nobody whether it is there.
func OpenJetStream(nc *nats.Conn) (jetstream.JetStream, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncTimeout(publishTimeout))
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return js, nil
}

// EnsureStreams makes sure that the streams are there, as the configuration wants them.
func EnsureStreams(ctx context.Context, js jetstream.JetStream, c *config.Config) error {
	keep := time.Duration(c.KeepDecisionsDays) * 24 * time.Hour
	return stream.Ensure(ctx, js, stream.Options{Replicas: c.NATS.Replicas, KeepDecisions: keep})
}
