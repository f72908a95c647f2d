package jetqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// reader reads a queue in one goroutine.
type reader struct {
	*Queue
	consumer jetstream.Consumer
	out      chan<- delivery.Arrival
	claims   *claims
	// pin is the id under which the server pins messages to this process; empty before the first
	// message.
	pin string
	// taking reports whether messages are withheld until the messages of the former process have
	// arrived: backlog, until wants is met.
	taking  bool
	backlog []*delivery.Message
	wants   wants
	asks    int
	ask     *time.Timer
	// failing reports whether the present failure is logged.
	failing bool
}

// wants is how many messages up to a place in the stream are claimed by anybody.
type wants struct {
	known    bool
	sequence uint64
	claimed  int
}

// Run sends messages to out until the end of the context, and then releases unacknowledged ones.
func (q *Queue) Run(ctx context.Context, out chan<- delivery.Arrival) {
	r := &reader{Queue: q, out: out, claims: newClaims(), ask: time.NewTimer(time.Hour)}
	defer r.ask.Stop()
	for ctx.Err() == nil {
		err := r.read(ctx)
		if ctx.Err() != nil {
			break
		}
		other := errors.Is(err, jetstream.ErrPinIDMismatch)
		r.handleLost(ctx, !other)
		switch {
		case other:
			q.opts.Log.Info("another process serves the recipient now")
		case !r.failing:
			q.opts.Log.Warn("the queue of a recipient is unreadable; the next attempt follows", "error", err)
			r.failing = true
		}
		loop.Sleep(ctx, min(q.opts.Claim/beatsPerClaim, time.Second))
	}
	r.release(ctx, true)
}

// read fetches messages until an error.
func (r *reader) read(ctx context.Context) (err error) {
	if r.consumer == nil {
		if r.consumer, err = r.Ensure(ctx); err != nil {
			return err
		}
	}
	renew := time.NewTicker(r.opts.Claim / renewsPerClaim)
	defer renew.Stop()
	for ctx.Err() == nil {
		if err := r.fetch(ctx, renew.C); err != nil {
			if !errors.Is(err, jetstream.ErrPinIDMismatch) && !errors.Is(err, jetstream.ErrNoHeartbeat) {
				r.consumer = nil
			}
			return err
		}
		r.failing = false
	}
	return ctx.Err()
}

// fetch requests messages and processes the arrivals until the request ends.
func (r *reader) fetch(ctx context.Context, renew <-chan time.Time) error {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Claim*2/3)
	defer cancel()
	batch, err := r.consumer.Fetch(fetched, jetstream.FetchContext(asking), jetstream.FetchPriorityGroup(group),
		jetstream.FetchHeartbeat(r.opts.Claim/beatsPerClaim))
	if err != nil {
		return fmt.Errorf("fetch decisions: %w", err)
	}
	msgs := batch.Messages()
	for {
		select {
		case msg, more := <-msgs:
			if !more {
				return ended(batch.Error())
			}
			err = r.accept(ctx, msg)
		case <-renew:
			err = r.claims.renew()
		case <-r.ask.C:
			r.askForOthers(ctx)
		case <-ctx.Done():
			r.claimRest(msgs)
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// quiet is the silence after which no message is considered to be in transit.
const quiet = 50 * time.Millisecond

// claimRest claims the messages in transit at the end, so that the release covers them at once.
func (r *reader) claimRest(msgs <-chan jetstream.Msg) {
	calm := time.NewTimer(quiet)
	defer calm.Stop()
	for {
		select {
		case msg, more := <-msgs:
			if !more {
				return
			}
			if meta, err := msg.Metadata(); err == nil {
				r.pin = msg.Headers().Get(pinHeader)
				r.claims.add(meta.Sequence.Stream, msg)
			}
			calm.Reset(quiet)
		case <-calm.C:
			return
		}
	}
}

// ended reports whether a fetch ended regularly: complete, or by its timeout.
func ended(err error) error {
	if err == nil || errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) {
		return nil
	}
	return fmt.Errorf("fetch decisions: %w", err)
}

// pinHeader is the header with the pin of a message.
const pinHeader = "Nats-Pin-Id"

// accept processes one message. Under a new pin all messages are withheld until the messages of the
// former process have arrived: otherwise a person's decisions could overtake each other.
func (r *reader) accept(ctx context.Context, msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("fetch decisions: %w", err)
	}
	if pin := msg.Headers().Get(pinHeader); pin != r.pin {
		if r.pin != "" {
			r.handleLost(ctx, false)
		}
		r.pin, r.taking, r.wants, r.asks = pin, true, wants{}, 0
		r.ask.Reset(0)
	}
	event, err := decode(msg.Data())
	if err != nil {
		r.opts.Log.Error("a message of the stream of decisions is unreadable and is skipped",
			"sequence", meta.Sequence.Stream, "error", err)
		return msg.TermWithReason("cannot be read")
	}
	if !r.concerns(event) {
		return msg.Ack()
	}
	one := r.claims.add(meta.Sequence.Stream, msg)
	if one == nil {
		return nil
	}
	m := &delivery.Message{
		Sequence: meta.Sequence.Stream,
		Stored:   meta.Timestamp,
		Event:    event,
		Body:     msg.Data(),
		Trace:    msg.Headers().Get(trace.Header),
		Claim:    one,
		// A message of this claim is delivered for the first time only once.
		Redelivered: meta.NumDelivered > 1,
	}
	if !r.taking {
		r.send(ctx, delivery.Arrival{Message: m})
		return nil
	}
	r.backlog = append(r.backlog, m)
	r.takeOver(ctx)
	return nil
}

// decode reads an event as stream.DecodeEvent does, in less time.
func decode(data []byte) (*stream.Event, error) {
	event := &stream.Event{}
	if err := json.Unmarshal(data, event); err != nil || event.SpecVersion != "1.0" {
		return stream.DecodeEvent(data) // names the fault
	}
	return event, nil
}

func (r *reader) send(ctx context.Context, a delivery.Arrival) {
	select {
	case r.out <- a:
	case <-ctx.Done():
	}
}

// askForOthers asks the server how many messages are claimed, by anybody.
func (r *reader) askForOthers(ctx context.Context) {
	if !r.taking {
		return
	}
	asking, cancel := context.WithTimeout(ctx, r.opts.Claim/beatsPerClaim)
	defer cancel()
	if info, err := r.consumer.Info(asking); err == nil {
		r.wants = wants{known: true, sequence: info.Delivered.Stream, claimed: info.NumAckPending}
		r.takeOver(ctx)
	}
	if r.taking {
		r.ask.Reset(min(10*time.Millisecond<<min(r.asks, 10), r.opts.Claim/beatsPerClaim))
		r.asks++
	}
}

// takeOver sends the withheld messages once all claims belong to this process.
func (r *reader) takeOver(ctx context.Context) {
	if !r.wants.known || len(r.backlog) < r.wants.claimed || r.claims.upTo(r.wants.sequence) < r.wants.claimed {
		return
	}
	slices.SortFunc(r.backlog, func(a, b *delivery.Message) int { return cmp.Compare(a.Sequence, b.Sequence) })
	backlog := r.backlog
	r.taking, r.backlog = false, nil
	for _, m := range backlog {
		r.send(ctx, delivery.Arrival{Message: m})
	}
}

// handleLost drops all claims after an error or, when pinned is false, after the pin of another
// process.
func (r *reader) handleLost(ctx context.Context, pinned bool) {
	r.taking, r.backlog = false, nil
	r.send(ctx, delivery.Arrival{Lost: true})
	r.release(ctx, pinned)
}

// releaseTimeout bounds how long the server is waited for.
const releaseTimeout = 2 * time.Second

// release releases the pin and all messages, so that another process can continue at once. The pin
// is released first: otherwise the server might send the messages to a stale fetch of this process.
func (r *reader) release(ctx context.Context, pinned bool) {
	if r.pin != "" && pinned {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(releaseTimeout, r.opts.Claim/renewsPerClaim))
		defer cancel()
		s, err := r.opts.JetStream.Stream(ctx, stream.Decisions)
		if err == nil {
			err = s.UnpinConsumer(ctx, Name(r.opts.Recipient), group)
		}
		if err != nil {
			r.opts.Log.Debug("claims not released; another process takes over after their expiry", "error", err)
		}
	}
	r.pin = ""
	r.claims.giveBack()
}
