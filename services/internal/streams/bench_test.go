package streams_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// BenchmarkFacts measures how many deliveries one stream takes in a second, on one server and on three, each of which
// has the stream. All servers are in this process.
func BenchmarkFacts(b *testing.B) {
	const messages = 20_000
	data := make([]byte, 400)
	for _, size := range []int{1, 3} {
		b.Run(fmt.Sprintf("servers=%d", size), func(b *testing.B) {
			_, js := cluster(b, size, nil)
			ensured(b, js, streams.Options{Replicas: size})
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
