package streams_test

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// cluster starts servers that form a cluster, and returns a connection to the first one.
func cluster(b *testing.B, size int) jetstream.JetStream {
	b.Helper()
	var routes []*url.URL
	for range size {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		_ = l.Close()
	}
	var first *server.Server
	for i := range size {
		opts := &server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: b.TempDir(), NoSigs: true,
			NoLog: true,
		}
		if size > 1 {
			port, err := strconv.Atoi(routes[i].Port())
			if err != nil {
				b.Fatal(err)
			}
			opts.Cluster = server.ClusterOpts{Name: "bench", Host: "127.0.0.1", Port: port}
			opts.Routes = routes
		}
		ns, err := server.NewServer(opts)
		if err != nil {
			b.Fatal(err)
		}
		ns.Start()
		b.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		if first == nil {
			first = ns
		}
	}
	if !first.ReadyForConnections(20 * time.Second) {
		b.Fatal("NATS does not get ready")
	}
	nc, err := nats.Connect(first.ClientURL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) { // until there is a leader
		if err = streams.Ensure(b.Context(), js, streams.Options{Replicas: size}); err == nil {
			return js
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

// BenchmarkFacts measures how many deliveries one stream takes in a second, on one server and on three, each of which
// has the stream. All servers are in this process.
func BenchmarkFacts(b *testing.B) {
	const messages = 20_000
	data := make([]byte, 400)
	for _, size := range []int{1, 3} {
		b.Run(fmt.Sprintf("servers=%d", size), func(b *testing.B) {
			js := cluster(b, size)
			n := 0
			for b.Loop() {
				for range messages {
					n++
					subject := stream.FactsIn("shop", n%stream.Slots)
					if _, err := js.PublishAsync(subject, data, jetstream.WithMsgID(fmt.Sprint(n))); err != nil {
						b.Fatal(err)
					}
				}
				<-js.PublishAsyncComplete()
			}
			b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
