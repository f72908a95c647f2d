package app_test

import (
	"cmp"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
	"github.com/rodopath/rodopath/services/internal/config"
)

// leaderless is a connection to a server that passes the requests to JetStream on to another one. The first requests to
// create the bucket of disabled recipients are answered as by a cluster without a leader.
func leaderless(t *testing.T, refused int64) (nc *nats.Conn, asked *atomic.Int64) {
	t.Helper()
	behind := natstest.Start(t).Connect()
	front, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	front.Start()
	t.Cleanup(func() { front.Shutdown(); front.WaitForShutdown() })
	connect := func() *nats.Conn {
		nc, err := nats.Connect("", nats.InProcessServer(front))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	asked = &atomic.Int64{}
	between := connect()
	_, err = between.Subscribe("$JS.API.>", func(m *nats.Msg) {
		if m.Subject == "$JS.API.STREAM.CREATE.KV_RECIPIENTS" && asked.Add(1) <= refused {
			_ = m.Respond([]byte(
				`{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`))
			return
		}
		if answer, err := behind.Request(m.Subject, m.Data, 10*time.Second); err == nil {
			_ = m.Respond(answer.Data)
		}
	})
	if err = cmp.Or(err, between.Flush()); err != nil { // the server knows of the subscription
		t.Fatal(err)
	}
	return connect(), asked
}

// TestNew_WaitsForALeader: the streams are there and the cluster has no leader yet, as after a simultaneous start.
func TestNew_WaitsForALeader(t *testing.T) {
	nc, asked := leaderless(t, 2)
	log := &syncBuffer{}
	a, err := app.New(t.Context(), app.Options{
		Config: &config.Config{}, NATS: nc, Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		t.Fatalf("after %d requests: %v", asked.Load(), err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if asked.Load() != 3 || strings.Count(log.String(), "no leader yet") != 1 {
		t.Errorf("asked %d times and logged %q, want 3 requests and one line", asked.Load(), log)
	}
}
