// Package natstest runs real NATS servers in the process of a test.
package natstest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// Server is a NATS server with the streams of Rodopath.
type Server struct {
	t      testing.TB
	dir    string
	change []func(*server.Options)
	ns     *server.Server
}

// Start starts a server that ends with the test. The functions of change adjust the options of the
// server.
func Start(t testing.TB, change ...func(*server.Options)) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), change: change}
	s.start()
	t.Cleanup(s.stop)
	js := s.JetStream(s.Connect())
	if err := streams.Ensure(t.Context(), js, streams.Options{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Server) start() {
	s.t.Helper()
	opts := &server.Options{
		ServerName: "test", DontListen: true, JetStream: true, StoreDir: s.dir, NoSigs: true, NoLog: true,
	}
	for _, c := range s.change {
		c(opts)
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		s.t.Fatal(err)
	}
	ns.Start()
	if !ns.ReadyForConnections(20 * time.Second) {
		s.t.Fatal("NATS does not get ready")
	}
	s.ns = ns
}

func (s *Server) stop() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}

// Restart stops the server and starts a new one on the same data. Connections are lost.
func (s *Server) Restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

// Connect opens a connection that ends with the test.
func (s *Server) Connect() *nats.Conn {
	s.t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s.ns), nats.ReconnectBufSize(-1))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	return nc
}

// JetStream opens JetStream on a connection.
func (s *Server) JetStream(nc *nats.Conn) jetstream.JetStream {
	s.t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	return js
}

// Event makes a decision to delete about a person, for some recipients.
func Event(id, person string, recipients ...string) *stream.Event {
	return &stream.Event{
		SpecVersion: "1.0", ID: id, Source: "test", Type: stream.TypeDelete, Subject: person,
		Time: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC), DataContentType: "application/json",
		Data: stream.Decision{
			Kind:       "delete",
			Person:     stream.Person{Emails: []string{person + "@leak.example"}},
			Policy:     "pl@1",
			Recipients: recipients,
			Delete: &stream.Delete{
				Scope:    "person",
				Items:    []stream.Item{{Category: "account"}},
				Purposes: []string{"contract"},
				Retained: []stream.RetainedItem{},
			},
		},
	}
}

// Publish puts decisions into the stream.
func (s *Server) Publish(js jetstream.JetStream, events ...*stream.Event) {
	s.t.Helper()
	for _, e := range events {
		data, err := e.Encode()
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := js.Publish(s.t.Context(), stream.DecisionFor(e.Data.Kind, e.Subject), data); err != nil {
			s.t.Fatal(fmt.Errorf("publish: %w", err))
		}
	}
}

// Standing is a checker for which every decision holds as published.
type Standing struct{}

// Check answers that the decision holds.
func (Standing) Check(_ context.Context, e *stream.Event) (*stream.Standing, error) {
	st := &stream.Standing{State: stream.StateStanding}
	if d := e.Data.Delete; d != nil {
		st.Items, st.Scope, st.Retained = d.Items, d.Scope, d.Retained
	}
	return st, nil
}
