// Package natstest starts NATS servers in the process of a test.
package natstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startWithin bounds the start of a server.
const startWithin = 20 * time.Second

// Server starts a server with JetStream, without a port, and stops the server at the end of the test. The functions of
// change adjust its options.
func Server(t testing.TB, change ...func(*server.Options)) *server.Server {
	t.Helper()
	opts := &server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}
	for _, c := range change {
		c(opts)
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(startWithin) {
		t.Fatal("NATS did not start")
	}
	return ns
}

// Connect connects to a server until the end of the test.
func Connect(t testing.TB, ns *server.Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}
