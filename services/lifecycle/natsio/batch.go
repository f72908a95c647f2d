package natsio

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
)

const (
	// page is the number of messages fetched at once, mostPages the most pages of a batch.
	page, mostPages = 500, 4
	mostMessages    = page * mostPages
	// mostBytes is the size from which a batch gets no further page.
	mostBytes = 8 << 20
	// busyBatch is the size of a batch that waits for no more messages.
	busyBatch = page / 4
	// quietBatch is the size below which a batch belongs to a quiet shop, where messages wait a shorter time for others.
	quietBatch = 8
	// slow is the time from which the next batch is smaller: a batch is redelivered after ackWait.
	slow = 2 * time.Second
	// idle is the wait for the first message of a batch.
	idle = 5 * time.Second
)

// pages is how many pages less than mostPages a batch has. The facts of one person in a batch cost one evaluation and
// one write, so the first batches are large.
type pages struct{ less atomic.Int32 }

// count is the number of pages of a batch.
func (p *pages) count() int { return mostPages - int(p.less.Load()) }

// adjust makes the next batch smaller after a slow one, and larger after a quick one.
func (p *pages) adjust(took time.Duration) {
	switch less := p.less.Load(); {
	case took > slow:
		p.less.Store(min(less+1, mostPages-1))
	case took < slow/mostPages:
		p.less.Store(max(less-1, 0))
	}
}

// next returns the next batch. A small batch begins no sooner than Linger after the one before, so that
// messages that arrive meanwhile share its transaction; a message after a pause is applied at once, and few messages
// wait two fifths of Linger.
func (f *Feed) next(ctx context.Context, consumer jetstream.Consumer) ([]jetstream.Msg, error) {
	asked := f.messages(page)
	msgs, err := first(ctx, consumer, asked)
	if err != nil || len(msgs) == 0 {
		return nil, err
	}
	linger := f.Linger
	if f.size < quietBatch {
		linger = linger * 2 / 5
	}
	f.count(msgs)
	if left := linger - time.Since(f.begun); f.size < busyBatch && left > 0 && loop.Sleep(ctx, left) {
		more, _ := collect(consumer.FetchNoWait(f.messages(page - f.size))) // after an error, what has arrived is applied
		msgs = append(msgs, more...)
		f.count(msgs)
	}
	for len(msgs) >= asked && f.size < f.pages.count()*page && bytesOf(msgs) < mostBytes {
		n := f.messages(min(page, f.pages.count()*page-f.size))
		more, _ := collect(consumer.FetchNoWait(n))
		msgs, asked = append(msgs, more...), asked+n
		f.count(msgs)
	}
	f.begun = time.Now()
	return msgs, nil
}

// count counts the deliveries of a batch.
func (f *Feed) count(msgs []jetstream.Msg) {
	f.size = 0
	for _, msg := range msgs {
		f.size += streams.Packed(msg.Data())
	}
	f.packed = (f.size + len(msgs) - 1) / len(msgs)
}

// messages is the number of messages that hold n deliveries, as far as the messages before show. Before any message is
// seen, each may hold as many as there can be.
func (f *Feed) messages(n int) int { return max(1, n/cmp.Or(f.packed, streams.MostPacked)) }

// cut divides messages into batches of about most deliveries: how many deliveries messages hold is known only once
// they are fetched, and messages of many may follow messages of one.
func cut(msgs []jetstream.Msg, most int) (out [][]jetstream.Msg) {
	from, size := 0, 0
	for i, msg := range msgs {
		n := streams.Packed(msg.Data())
		if i > from && size+n > most {
			out, from, size = append(out, msgs[from:i]), i, 0
		}
		size += n
	}
	return append(out, msgs[from:])
}

// bytesOf is the size of messages in bytes.
func bytesOf(msgs []jetstream.Msg) (total int) {
	for _, msg := range msgs {
		total += len(msg.Data())
	}
	return total
}

// first returns the waiting messages up to a number, or waits for one message.
func first(ctx context.Context, consumer jetstream.Consumer, n int) ([]jetstream.Msg, error) {
	msgs, err := collect(consumer.FetchNoWait(n))
	if err != nil || len(msgs) > 0 {
		return msgs, err
	}
	wait, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	msg, err := consumer.Next(jetstream.FetchContext(wait))
	switch {
	case err == nil:
		return []jetstream.Msg{msg}, nil
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return nil, nil
	}
	return nil, err
}

func collect(b jetstream.MessageBatch, err error) ([]jetstream.Msg, error) {
	if err != nil {
		return nil, err
	}
	var msgs []jetstream.Msg
	for msg := range b.Messages() {
		msgs = append(msgs, msg)
	}
	if err := b.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) && len(msgs) == 0 {
		return nil, err
	}
	return msgs, nil
}
