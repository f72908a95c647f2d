// Package natsio connects the lifecycle to JetStream: facts and receipts are consumed, events are
// published.
package natsio

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/trace"
)

const (
	// ackWait is the time until redelivery of a message of which nothing is heard.
	ackWait = 15 * time.Second
	// signs is how often in that time a message under way gives a sign of life.
	signs = 3
	// defaultPause is the pause after a failure.
	defaultPause = time.Second
)

// Apply applies deliveries; nil means that the facts are durable.
type Apply func(ctx context.Context, deliveries []*factv1.Delivery) error

// ErrUnreadable means that a message can never be applied.
var ErrUnreadable = errors.New("message cannot be applied")

// Decode decodes the deliveries of a message, of which there is one at least. A message with an error that wraps
// ErrUnreadable becomes a dead letter; after any other error the message is redelivered.
type Decode func(ctx context.Context, msg jetstream.Msg) ([]*factv1.Delivery, error)

// Feed consumes a work queue and applies its messages in batches. Applied messages are
// acknowledged; the others are redelivered.
type Feed struct {
	JetStream jetstream.JetStream
	// Stream is the name of the work queue.
	Stream string
	// Partition is the part of the stream that is consumed; the zero value is the whole stream.
	Partition Partition
	// InForce returns the number of partitions in force, so that consumers of another number of partitions are removed;
	// nil means that the number never changes.
	InForce func(ctx context.Context) (int, error)
	Decode  Decode
	Apply   Apply
	// Alone reports whether no other process consumes the stream. Messages of a killed process are
	// then redelivered at once instead of after ackWait.
	Alone bool
	// Homes returns for each delivery the first address of its stored person; empty for a person who is not stored, or has
	// no address. Nil means that no delivery is passed to another partition.
	Homes func(ctx context.Context, deliveries []*factv1.Delivery) ([]string, error)
	// Aside keeps what cannot be applied; nil redelivers for ever.
	Aside *Aside
	// Works returns nil while the store works, so that an error is that of a message; nil means always.
	Works func(ctx context.Context) error
	// Waits reports whether an error lies in what another writer left behind and passes by itself, though not soon; nil
	// means none. Such a message is set aside only after triesInConflict attempts.
	Waits func(err error) bool
	// Linger is the least interval between two small batches while many messages arrive; 0 means none.
	Linger time.Duration
	// Pause is the pause after a failure, which grows with each failure of one message; 0 means 1 second.
	Pause time.Duration
	// AckWait is the time until redelivery of a message of a consumer that is gone; 0 means 15 seconds. A message that
	// waits for its batch, or is being applied, is not redelivered, however long that takes.
	AckWait time.Duration
	// Tracer starts a span for each message; nil only passes trace ids on.
	Tracer *trace.Tracer
	Log    *slog.Logger
	// begun is when the last batch began, size the number of its deliveries, and packed the deliveries of one of its
	// messages. They belong to the goroutine that fetches.
	begun        time.Time
	size, packed int
	// pages is the number of pages in the next batch.
	pages pages
}

// Run feeds until the context ends.
func (f *Feed) Run(ctx context.Context) {
	f.Pause, f.AckWait = cmp.Or(f.Pause, defaultPause), cmp.Or(f.AckWait, ackWait)
	batches := make(chan *underway)
	go func() {
		defer close(batches)
		f.fetch(ctx, batches)
	}()
	tick := time.NewTicker(f.Aside.every())
	defer tick.Stop()
	for {
		select {
		case batch, more := <-batches:
			if !more {
				return
			}
			f.apply(ctx, batch.msgs)
			batch.end()
		case <-tick.C:
			f.refresh(ctx)
		}
	}
}

// refresh reads what is in quarantine, so that what waits behind a dropped entry goes on.
func (f *Feed) refresh(ctx context.Context) {
	if f.Aside == nil {
		return
	}
	if err := f.Aside.Refresh(ctx, time.Now()); err != nil && ctx.Err() == nil {
		f.Log.Warn("the quarantine cannot be read; its former state is used", "error", err)
	}
}

// fetch reads ahead by one batch while the one before is applied.
func (f *Feed) fetch(ctx context.Context, out chan<- *underway) {
	config := jetstream.ConsumerConfig{
		Durable: f.Partition.Consumer(), FilterSubject: f.Partition.filter(), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: f.AckWait, MaxAckPending: 8 * mostMessages, Description: "applies facts to subjects",
		MemoryStorage: f.Alone && f.forget(ctx), // the stream removes what is acknowledged, so nothing needs a file
	}
	for ctx.Err() == nil {
		consumer, err := f.open(ctx, config)
		for err == nil && ctx.Err() == nil {
			var msgs []jetstream.Msg
			if msgs, err = f.next(ctx, consumer); len(msgs) > 0 {
				f.hand(ctx, cut(msgs, f.pages.count()*page+page), out)
			}
		}
		f.pauseAfter(ctx, err)
	}
}

// hand hands batches over in order. All of them give signs of life meanwhile.
func (f *Feed) hand(ctx context.Context, batches [][]jetstream.Msg, out chan<- *underway) {
	list := make([]*underway, len(batches))
	for i, msgs := range batches {
		list[i] = newUnderway(msgs, f.AckWait/signs)
	}
	for _, batch := range list {
		select {
		case out <- batch:
		case <-ctx.Done():
			batch.end()
			giveBack(batch.msgs)
		}
	}
}

// pauseAfter logs why the stream cannot be read, and pauses.
func (f *Feed) pauseAfter(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	if !errors.Is(err, errReplaced) { // the replica begins anew with the other number
		f.Log.Error("the stream cannot be read; the next attempt follows", "stream", f.Stream, "error", err)
	}
	loop.Sleep(ctx, f.Pause)
}

// underway are messages that give signs of life until their end, so that they are not redelivered meanwhile.
type underway struct {
	msgs []jetstream.Msg
	stop chan struct{}
	done sync.WaitGroup
}

func newUnderway(msgs []jetstream.Msg, every time.Duration) *underway {
	u := &underway{msgs: msgs, stop: make(chan struct{})}
	u.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-u.stop:
				return
			case <-tick.C:
			}
			for _, msg := range msgs {
				_ = msg.InProgress() // an error means that the message is acknowledged, or that the broker is away
			}
		}
	})
	return u
}

func (u *underway) end() {
	close(u.stop)
	u.done.Wait()
}

// forget removes the consumer of an earlier process, so that its messages are redelivered at once.
func (f *Feed) forget(ctx context.Context) bool {
	err := f.JetStream.DeleteConsumer(ctx, f.Stream, f.Partition.Consumer())
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		f.Log.Warn("messages of an earlier process are redelivered later", "error", err)
		return false
	}
	return true
}

// taken is a delivery with its message.
type taken struct {
	msg      *parcel
	delivery *factv1.Delivery
	span     *trace.Span
}

// apply applies one batch.
func (f *Feed) apply(ctx context.Context, msgs []jetstream.Msg) {
	begun := time.Now()
	f.applyEach(ctx, f.holdBack(ctx, f.pass(ctx, f.decode(ctx, msgs))))
	f.pages.adjust(time.Since(begun))
}

// applyEach applies messages together. After an error the halves are applied apart, until the message at fault is
// alone, so that it holds up no other.
func (f *Feed) applyEach(ctx context.Context, batch []taken) {
	if len(batch) == 0 {
		return
	}
	err := f.applyAll(ctx, batch)
	switch {
	case err == nil:
		f.done(batch)
	case ctx.Err() != nil || f.Works != nil && f.Works(ctx) != nil:
		if ctx.Err() == nil {
			f.Log.Error("facts were not applied and are redelivered", "webhooks", len(batch), "error", err)
		}
		f.redeliver(batch, f.Pause)
		loop.Sleep(ctx, f.Pause)
	case len(batch) == 1:
		f.fail(ctx, batch[0], err)
	default:
		half := len(batch) / 2
		f.applyEach(ctx, batch[:half])
		f.applyEach(ctx, batch[half:])
	}
}

// decode decodes messages. A message that cannot be decoded goes into the quarantine.
func (f *Feed) decode(ctx context.Context, msgs []jetstream.Msg) []taken {
	out := make([]taken, 0, len(msgs))
	for _, msg := range msgs {
		parent := msg.Headers().Get(trace.Header)
		deliveries, err := f.Decode(trace.Continue(ctx, parent), msg)
		if err != nil {
			f.undecoded(ctx, msg, err)
			continue
		}
		p := &parcel{Msg: msg, deliveries: len(deliveries)}
		for _, d := range deliveries {
			in, span := f.begin(ctx, cmp.Or(parent, d.GetTraceparent()))
			d.Traceparent = trace.Parent(in)
			out = append(out, taken{p, d, span})
		}
	}
	return out
}

// undecoded sets a message aside that can never be decoded, and lets another one come again.
func (f *Feed) undecoded(ctx context.Context, msg jetstream.Msg, cause error) {
	in, span := f.begin(ctx, msg.Headers().Get(trace.Header))
	if errors.Is(cause, ErrUnreadable) {
		f.terminate(in, msg, cause)
		steps{span}.fail("put_aside")
		return
	}
	trace.Log(in, f.Log).Error("a message was not applied and is redelivered", "stream", f.Stream, "error", cause)
	_ = msg.NakWithDelay(f.Pause)
	steps{span}.fail("again")
}

// holdBack returns the messages that wait behind no delivery in quarantine.
func (f *Feed) holdBack(ctx context.Context, batch []taken) []taken {
	if f.Aside == nil {
		return batch
	}
	f.refresh(ctx)
	out := batch[:0]
	for _, one := range batch {
		if one.msg.Headers().Get(retriedHeader) != "" {
			out = append(out, one)
			continue
		}
		behind, err := f.Aside.Behind(ctx, one.delivery)
		switch {
		case err != nil:
			f.Log.Error("a delivery cannot be put into quarantine and is redelivered", "error", err)
			f.redeliver([]taken{one}, f.Pause)
		case behind:
			f.done([]taken{one})
		default:
			out = append(out, one)
		}
	}
	return out
}

func (f *Feed) applyAll(ctx context.Context, batch []taken) error {
	deliveries := make([]*factv1.Delivery, len(batch))
	for i := range batch {
		deliveries[i] = batch[i].delivery
	}
	return f.Apply(ctx, deliveries)
}

// done acknowledges messages.
func (f *Feed) done(batch []taken) {
	for _, one := range batch {
		steps{one.span}.end([]*factv1.Delivery{one.delivery})
		if err := one.msg.Ack(); err != nil {
			f.Log.Warn("an applied webhook was not acknowledged; the redelivery has no further effect", "error", err)
		}
	}
}

// redeliver lets messages come again after a pause.
func (f *Feed) redeliver(batch []taken, pause time.Duration) {
	for _, one := range batch {
		steps{one.span}.fail("again")
		_ = one.msg.NakWithDelay(pause) // otherwise redelivery follows after ackWait
	}
}

// tries is how often a message is applied before the message is set aside, unless its error is final. triesInConflict
// is the same for an error that waits: the attempts take four minutes at least, and the keys that a broken write
// claimed are free after one.
const (
	tries           = 5
	triesInConflict = 12
)

// fail lets a message that was not applied come again, or sets the message aside.
func (f *Feed) fail(ctx context.Context, one taken, cause error) {
	meta, err := one.msg.Metadata()
	most := uint64(tries)
	if f.Waits != nil && f.Waits(cause) {
		most = triesInConflict
	}
	final := errors.Is(cause, ErrUnreadable) || err == nil && meta.NumDelivered >= most
	if one.msg.deliveries > 1 && !errors.Is(cause, ErrUnreadable) && f.alone(ctx, one, cause) {
		return
	}
	if !final || f.Aside == nil || ctx.Err() != nil {
		if ctx.Err() == nil {
			f.Log.Warn("a delivery was not applied and is redelivered", "stream", f.Stream, "error", cause)
		}
		pause := f.Pause
		if err == nil {
			pause <<= min(meta.NumDelivered-1, tries)
		}
		f.redeliver([]taken{one}, pause+rand.N(pause)) //nolint:gosec // jitter is no secret
		return
	}
	if err := f.Aside.Add(ctx, one.delivery, cause); err != nil {
		f.Log.Error("a delivery cannot be put into quarantine and is redelivered", "error", err)
		f.redeliver([]taken{one}, f.Pause)
		return
	}
	f.Log.Error("a delivery cannot be applied and is in quarantine; later deliveries of the same person wait behind",
		"stream", f.Stream, "source", one.delivery.GetSource(), "error", cause, "next", "rodopath quarantine list")
	steps{one.span}.fail("put_aside")
	_ = one.msg.Ack()
}

// alone publishes a delivery that was not applied as a message of its own, and reports whether the message is durable.
// The delivery then has its own attempts, and those of the shared message that were applied do not come again with it.
func (f *Feed) alone(ctx context.Context, one taken, cause error) bool {
	if f.Aside == nil {
		return false
	}
	if err := f.Aside.Quarantine.publishAlone(ctx, f.Stream, one); err != nil {
		if ctx.Err() == nil {
			f.Log.Warn("a delivery of a shared message has no message of its own; the shared one is redelivered",
				"stream", f.Stream, "error", err)
		}
		return false
	}
	f.Log.Warn("a delivery was not applied and is redelivered", "stream", f.Stream, "error", cause)
	steps{one.span}.fail("again")
	_ = one.msg.Ack()
	return true
}

// terminate sets a message aside that cannot be decoded.
func (f *Feed) terminate(ctx context.Context, msg jetstream.Msg, cause error) {
	var seq uint64
	if meta, err := msg.Metadata(); err == nil {
		seq = meta.Sequence.Stream
	}
	log := trace.Log(ctx, f.Log)
	if f.Aside != nil {
		if err := f.Aside.Quarantine.AddMessage(ctx, f.Stream, seq, msg.Data(), cause); err != nil {
			log.Error("a message that cannot be decoded cannot be put into quarantine and is redelivered", "error", err)
			_ = msg.NakWithDelay(f.Pause)
			return
		}
	}
	log.Error(
		"a message cannot be applied and is set aside in the quarantine",
		"stream",
		f.Stream,
		"sequence",
		seq,
		"error",
		cause,
	)
	_ = msg.TermWithReason("cannot be read") // redelivered if the termination is lost
}
