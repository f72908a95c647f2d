package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// broker is a NATS server in this process.
type broker struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

// startBroker starts a server on a directory. With always, every message is synced before its
// acknowledgement, else once a second.
func startBroker(ctx context.Context, dir string, always bool) (*broker, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "bench", DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
		SyncAlways: always, SyncInterval: time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	s.Start()
	b := &broker{server: s}
	if !s.ReadyForConnections(20 * time.Second) {
		b.close()
		return nil, errors.New("start NATS: it does not get ready")
	}
	if b.conn, err = nats.Connect("", nats.InProcessServer(s)); err == nil {
		b.js, err = service.JetStream(ctx, b.conn, &config.Config{}, slog.New(slog.DiscardHandler))
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	return b, nil
}

func (b *broker) close() {
	if b.conn != nil {
		b.conn.Close()
	}
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// fill puts decisions into the stream.
func (b *broker) fill(ctx context.Context, events []*stream.Event) error {
	const page = 1000
	if len(events) > page {
		return errors.Join(b.fill(ctx, events[:page]), b.fill(ctx, events[page:]))
	}
	for _, e := range events {
		data, err := e.Encode()
		if err != nil {
			return err
		}
		if _, err := b.js.PublishAsync(stream.DecisionFor(e.Data.Kind, e.Subject), data); err != nil {
			return err
		}
	}
	select {
	case <-b.js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// event makes a decision of about 1 KB about a person.
func event(n int, at time.Time, recipients ...string) *stream.Event {
	id := fmt.Sprintf("%08d", n)
	until := at.AddDate(5, 0, 0)
	return &stream.Event{
		SpecVersion: "1.0", ID: "dec_" + id, Source: "rodopath/lifecycle", Type: stream.TypeDelete, Subject: "sub_" + id,
		Time: at, DataContentType: "application/json",
		Data: stream.Decision{
			Kind:       "delete",
			Effective:  at,
			Policy:     "pl@1a2b3c",
			Recipients: recipients,
			Person: stream.Person{
				Emails: []string{"person" + id + "@example.com"},
				IDs:    []string{"stripe:cus_" + id, "woocommerce:shop:" + id},
			},
			Because: []stream.Reason{
				{
					Rule:    "contract",
					Purpose: "contract",
					Article: "6(1)(b)",
					Cites:   "Art. 6(1)(b) GDPR",
					Ref:     "order-" + id,
					Since:   at,
					Until:   &at,
					Facts:   []string{"fact_" + id, "fact2_" + id},
				},
			},
			Delete: &stream.Delete{
				Scope:    "part",
				Purposes: []string{"contract"},
				Items: []stream.Item{
					{Category: "account"},
					{Category: "order", Ref: "order-" + id, Names: []string{"pi_" + id}},
				},
				Retained: []stream.RetainedItem{
					{
						Item:    stream.Item{Category: "invoice", Ref: "invoice-" + id},
						Purpose: "accounting",
						Article: "6(1)(c)",
						Until:   &until,
						LastDay: "2031-12-31",
					},
				},
			},
		},
	}
}
