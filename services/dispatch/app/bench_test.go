package app_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
)

const (
	// benchDecisions is the number of decisions in one iteration, benchCalls the number of
	// concurrent calls.
	benchDecisions, benchCalls = 10_000, 16
	// The decisions of BenchmarkDead are published at a fixed pace for a number of recipients.
	deadDecisions, deadOthers, deadPace = 300, 10, 5 * time.Millisecond
)

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// syncs returns an option of NATS that syncs every message to the disk, or once a second.
func syncs(always bool) func(*server.Options) {
	return func(o *server.Options) { o.SyncAlways, o.SyncInterval = always, time.Second }
}

// webhookTo is the configuration of a recipient.
func webhookTo(id, url string, inFlight int) string {
	const form = `
 - {id: %s, by: webhook, url: %q, secrets: ["file:secret"], allow_private: true, in_flight: %d}`
	return fmt.Sprintf(form, id, url, inFlight)
}

// deletion is a decision of about 1 kB.
func deletion(n int, recipients ...string) *stream.Event {
	id, at := fmt.Sprintf("%08d", n), time.Now().UTC()
	e := natstest.Event("dec_"+id, "sub_"+id, recipients...)
	e.Data.Person.IDs = []string{"stripe:cus_" + id, "woocommerce:shop:" + id}
	e.Data.Because = []stream.Reason{{
		Rule: "contract", Purpose: "contract", Article: "6(1)(b)", Cites: "Art. 6(1)(b) GDPR", Ref: "order-" + id,
		Since: at, Until: &at, Facts: []string{"fact_" + id, "fact2_" + id},
	}}
	e.Data.Delete.Items = append(
		e.Data.Delete.Items,
		stream.Item{Category: "order", Ref: "order-" + id, Names: []string{"pi_" + id}},
	)
	e.Data.Delete.Retained = []stream.RetainedItem{{
		Item:    stream.Item{Category: "invoice", Ref: "invoice-" + id},
		Purpose: "accounting", Article: "6(1)(c)", Until: &at, LastDay: "2031-12-31",
	}}
	return e
}

// BenchmarkDeliver delivers the decisions of a stream to one recipient until all are acknowledged.
// The baseline is a loop of calls with the same bodies.
func BenchmarkDeliver(b *testing.B) {
	for _, fsync := range []string{"always", "interval"} {
		b.Run("fsync="+fsync, func(b *testing.B) {
			w, got, n := newWorld(b, syncs(fsync == "always")), atomic.Int64{}, 0
			w.answers(func(http.ResponseWriter, *http.Request) { got.Add(1) })
			for b.Loop() {
				b.StopTimer()
				for range benchDecisions {
					n++
					w.nats.Publish(w.js, deletion(n, "crm"))
				}
				a, err := app.New(b.Context(), app.Options{
					Config: w.config(webhookTo("crm", w.crm.URL, benchCalls)), NATS: w.nats.Connect(),
					Checker: natstest.Standing{}, Log: slog.New(slog.DiscardHandler),
				})
				ok(b, err)
				b.StartTimer()
				a.Start(b.Context())
				for got.Load() < int64(n) {
					time.Sleep(time.Millisecond)
				}
				ok(b, a.Settle(b.Context()))
				b.StopTimer()
				ok(b, a.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	b.Run("bare", bareCalls)
}

func bareCalls(b *testing.B) {
	w := newWorld(b)
	bodies := make([][]byte, benchDecisions)
	var err error
	for i := range bodies {
		bodies[i], err = deletion(i, "crm").Encode()
		ok(b, err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchCalls}}
	defer client.CloseIdleConnections()
	for b.Loop() {
		var next atomic.Int64
		var calls sync.WaitGroup
		for range benchCalls {
			calls.Go(func() {
				for i := next.Add(1) - 1; i < benchDecisions; i = next.Add(1) - 1 {
					res, err := client.Post(w.crm.URL, stream.ContentType, bytes.NewReader(bodies[i]))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			})
		}
		calls.Wait()
	}
	b.ReportMetric(float64(b.N*benchDecisions)/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(len(bodies[0])), "B/decision")
}

// BenchmarkDead measures the delay from the publication of a decision to the webhook at ten
// recipients, alone and beside a recipient that accepts connections and never answers.
func BenchmarkDead(b *testing.B) {
	for _, dead := range []bool{true, false} {
		b.Run(fmt.Sprintf("dead=%t", dead), func(b *testing.B) {
			w, ids, config, n := newWorld(b, syncs(false)), []string(nil), strings.Builder{}, 0
			for i := range deadOthers {
				ids = append(ids, fmt.Sprint("crm", i))
				config.WriteString(webhookTo(ids[i], w.crm.URL, 0))
			}
			if dead {
				l, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in the backlog
				ok(b, err)
				defer l.Close()
				config.WriteString(webhookTo("dead", "http://"+l.Addr().String(), 0))
				ids = append(ids, "dead")
			}
			var mu sync.Mutex
			published, took := map[string]time.Time{}, []time.Duration(nil)
			w.answers(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(published[r.Header.Get("webhook-id")]))
			})
			w.start(config.String(), nil)
			for b.Loop() {
				tick := time.Tick(deadPace)
				for range deadDecisions {
					<-tick
					n++
					e := deletion(n, ids...)
					mu.Lock()
					published[e.ID] = time.Now()
					mu.Unlock()
					w.nats.Publish(w.js, e)
				}
				for mu.Lock(); len(took) < n*deadOthers; mu.Lock() {
					mu.Unlock()
					time.Sleep(deadPace)
				}
				mu.Unlock()
			}
			took = took[len(took)/10:] // without the first connections
			slices.Sort(took)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
			}
		})
	}
}
