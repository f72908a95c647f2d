package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// The ports of what runs beside the cluster, at the address of the node.
const (
	natsPort      = 4222
	mongoPort     = "27017"
	recipientPort = "8800"
)

// outside is what the chart expects beside the cluster: NATS, a database and a recipient.
type outside struct {
	dir       string
	nats      *server.Server
	conn      *nats.Conn
	js        jetstream.JetStream
	mongo     *mongowire.Server
	recipient *recipient
}

func startOutside(ctx context.Context, dir string) (o *outside, err error) {
	o = &outside{dir: dir, recipient: &recipient{told: map[string]string{}}}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if err := o.startNATS(); err != nil {
		return nil, err
	}
	if o.conn, err = nats.Connect(o.nats.ClientURL(), nats.MaxReconnects(-1)); err != nil {
		return nil, err
	}
	if o.js, err = jetstream.New(o.conn); err != nil {
		return nil, err
	}
	o.mongo, err = mongowire.Listen(mongowire.Options{Address: net.JoinHostPort(nodeIP, mongoPort), NoLog: true})
	if err != nil {
		return nil, err
	}
	return o, o.recipient.start(ctx)
}

// startNATS starts the server with what it had when it stopped.
func (o *outside) startNATS() (err error) {
	o.nats, err = server.NewServer(&server.Options{
		ServerName: "beside", Host: nodeIP, Port: natsPort, JetStream: true, StoreDir: o.dir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return err
	}
	o.nats.Start()
	if !o.nats.ReadyForConnections(startsWithin) {
		return errors.New("NATS does not start")
	}
	return nil
}

// stopNATS stops the server, which keeps its streams on the disk.
func (o *outside) stopNATS() {
	o.nats.Shutdown()
	o.nats.WaitForShutdown()
}

func (o *outside) close() {
	if o.conn != nil {
		o.conn.Close()
	}
	if o.nats != nil {
		o.nats.Shutdown()
	}
	if o.mongo != nil {
		_ = o.mongo.Close() // at the end of the run
	}
	if o.recipient.server != nil {
		_ = o.recipient.server.Close() // at the end of the run
	}
}

// waiting is the number of messages in the streams that are not carried out yet.
func (o *outside) waiting(ctx context.Context) (uint64, error) {
	sum := uint64(0)
	for _, name := range []string{stream.Facts, stream.Receipts} {
		s, err := o.js.Stream(ctx, name)
		if err != nil {
			return 0, fmt.Errorf("look at the stream %s: %w", name, err)
		}
		sum += s.CachedInfo().State.Msgs
	}
	return sum, nil
}

// recipient takes decisions, and verifies their signatures.
type recipient struct {
	server *http.Server

	mu     sync.Mutex
	secret string
	// told are the decisions by id, with the secret that signed each, and refused counts the others.
	told    map[string]string
	refused int
}

func (r *recipient) start(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(nodeIP, recipientPort))
	if err != nil {
		return err
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(l) }() // ends with close
	return nil
}

// expect changes the secret that must sign.
func (r *recipient) expect(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

// received returns the number of decisions, and how many of them a secret signed.
func (r *recipient) received(secret string) (all, signed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, by := range r.told {
		if by == secret {
			signed++
		}
	}
	return len(r.told), signed
}

// ServeHTTP answers that the decision is carried out.
func (r *recipient) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = r.verify(req.Header, body)
	}
	event, wrong := stream.DecodeEvent(body)
	if err != nil || wrong != nil {
		r.refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.told[event.ID] = r.secret
	receipt := &stream.Receipt{Decision: event.ID, Outcome: stream.OutcomeDone, At: time.Now().UTC()}
	answer, err := receipt.Encode()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // dispatch tries again without an answer
}

func (r *recipient) verify(h http.Header, body []byte) error {
	keys, err := signature.NewStandard([]string{r.secret})
	if err != nil {
		return err
	}
	id, at, signed := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature")
	return keys.Verify(id, at, signed, body, time.Now())
}
