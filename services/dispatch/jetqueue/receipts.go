package jetqueue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// Receipts publishes the receipts of one recipient. Receipts that arrive during a publication share
// the next message and its fsync.
type Receipts struct {
	js        jetstream.JetStream
	recipient string
	sync      streams.Sync
	// turn is held by the message in publication.
	turn chan struct{}

	mu   sync.Mutex
	open *batch // collects receipts; nil without an open message
}

// NewReceipts returns a publisher of the receipts of a recipient. sync makes published receipts durable; nil
// means that JetStream does.
func NewReceipts(js jetstream.JetStream, recipient string, sync streams.Sync) *Receipts {
	return &Receipts{js: js, recipient: recipient, sync: sync, turn: make(chan struct{}, 1)}
}

// batch holds the receipts of one message.
type batch struct {
	receipts []*stream.Receipt
	ids      []string
	done     chan struct{}
	err      error // once done is closed
}

// maxBatch bounds the receipts of a message.
const maxBatch = 200

// Publish returns nil once a receipt is durable. The caller that began a message publishes it for
// all callers in the batch.
func (p *Receipts) Publish(ctx context.Context, id string, r *stream.Receipt) error {
	b, first := p.join(id, r)
	if first {
		b.err = p.send(ctx, b)
		close(b.done)
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join adds a receipt to the open message and reports whether the receipt began a message.
func (p *Receipts) join(id string, r *stream.Receipt) (b *batch, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first = p.open == nil; first {
		p.open = &batch{done: make(chan struct{})}
	}
	b = p.open
	b.receipts, b.ids = append(b.receipts, r), append(b.ids, id)
	if len(b.receipts) == maxBatch {
		p.open = nil
	}
	return b, first
}

// seal closes a message for further receipts.
func (p *Receipts) seal(b *batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == b {
		p.open = nil
	}
}

// send waits for the message before and publishes the batch.
func (p *Receipts) send(ctx context.Context, b *batch) error {
	defer p.seal(b)
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	p.seal(b)
	data, err := stream.EncodeReceipts(b.receipts)
	if err != nil {
		return err
	}
	_, err = p.js.PublishMsg(ctx, &nats.Msg{
		Subject: stream.ReceiptsOf(p.recipient), Data: data,
		Header: nats.Header{jetstream.MsgIDHeader: {messageID(b.ids)}, "Content-Type": {"application/json"}},
	})
	if err == nil {
		err = p.sync.Do(ctx, stream.Receipts)
	}
	if err != nil {
		return fmt.Errorf("publish %d receipts: %w", len(b.receipts), err)
	}
	return nil
}

// messageID is the id of the receipt, or one made of the ids of all.
func messageID(ids []string) string {
	if len(ids) == 1 {
		return ids[0]
	}
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:16])
}
