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
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// broker is an embedded NATS server.
type broker struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

// startBroker starts a server on a directory. With always set, every message is synced to disk
// before the acknowledgement, otherwise once a second.
func startBroker(ctx context.Context, dir string, always bool) (*broker, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "bench", DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true,
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

// fill publishes deliveries to the stream of facts.
func (b *broker) fill(ctx context.Context, deliveries []*factv1.Delivery) error {
	for _, d := range deliveries {
		data, err := proto.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := b.js.PublishAsync(stream.FactsOf(d.GetSource()), data, jetstream.WithMsgID(d.GetId())); err != nil {
			return err
		}
	}
	select {
	case <-b.js.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	}
	if left, err := b.left(ctx); err != nil || left != len(deliveries) {
		return errors.Join(err, fmt.Errorf("%d of %d webhooks are in the stream", left, len(deliveries)))
	}
	return nil
}

// left returns the number of messages not applied yet.
func (b *broker) left(ctx context.Context) (int, error) {
	s, err := b.js.Stream(ctx, stream.Facts)
	if err != nil {
		return 0, err
	}
	return int(s.CachedInfo().State.Msgs), nil
}
