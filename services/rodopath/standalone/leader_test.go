package standalone_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// answering is a NATS server on which somebody answers for JetStream, with each of the
// answers in turn and the last one for ever.
func answering(t *testing.T, answers ...string) (*nats.Conn, *atomic.Int64) {
	t.Helper()
	ns, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS did not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	asked := &atomic.Int64{}
	_, err = nc.Subscribe("$JS.API.STREAM.UPDATE.*", func(m *nats.Msg) {
		n := int(asked.Add(1))
		if err := m.Respond([]byte(answers[min(n, len(answers))-1])); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = nc.Subscribe("$JS.API.STREAM.INFO.*", func(m *nats.Msg) {
		if err := m.Respond([]byte(`{"config":{}}`)); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return nc, asked
}

func TestJetStream_WaitsForALeaderAndSaysSoOnce(t *testing.T) {
	const away = `{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`
	nc, asked := answering(t, away, away, `{"config":{}}`)
	var said bytes.Buffer
	_, err := service.JetStream(t.Context(), nc, &config.Config{}, slog.New(slog.NewJSONHandler(&said, nil)))
	if err != nil || asked.Load() != 6 || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("asked %d times, %v, and said %q", asked.Load(), err, said.String())
	}
}

func TestJetStream_DoesNotWaitForWhatNoLeaderMends(t *testing.T) {
	nc, asked := answering(
		t,
		`{"error":{"code":500,"err_code":10074,"description":"replicas > 1 not supported in non-clustered mode"}}`,
	)
	_, err := service.JetStream(t.Context(), nc, &config.Config{}, slog.New(slog.DiscardHandler))
	if err == nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}
