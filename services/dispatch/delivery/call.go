package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// result is the report of a worker about a decision.
type result struct {
	it *item
	// called reports whether the call ended, with answer or err.
	called bool
	answer dispatch.Answer
	err    error
	// cut reports whether this process cancelled the call.
	cut bool
	// withdrawn is the outcome of a decision that no longer holds; empty for another decision.
	withdrawn string
	// settled reports whether the outcome is durable, ended whether the worker has ended.
	settled, ended bool
	outcome        string
}

// call checks the decision and calls the recipient in a goroutine, and then publishes the receipt.
func (r *run) call(ctx context.Context, it *item) {
	r.calls++
	r.workers++
	m := it.Message
	r.pool.do(func() {
		checked, answer, called := r.delivery(ctx, it, m)
		if !called {
			return
		}
		ok := r.receipt(ctx, checked, answer)
		r.results <- result{it: it, settled: ok, outcome: answer.Outcome, ended: true}
	})
}

// delivery checks a decision and calls the recipient within the time of a call, and releases the slot of the call.
// checked is the part of the decision that holds. Without an answer the work on the decision ends, and called is false.
func (r *run) delivery(
	ctx context.Context, it *item, m Message,
) (checked Message, answer dispatch.Answer, called bool) {
	call, cancel := context.WithTimeout(ctx, r.opts.Call)
	defer cancel()
	checked, withdrawn, err := r.check(call, m)
	if err == nil && withdrawn == "" {
		began := time.Now()
		answer, err = r.attempt(call, checked)
		r.counts.attempt(time.Since(began))
		if err == nil {
			r.results <- result{it: it, called: true, answer: answer}
			return checked, answer, true
		}
	}
	r.results <- result{it: it, called: true, err: err, withdrawn: withdrawn, cut: ctx.Err() != nil, ended: true}
	return checked, answer, false
}

// deliver makes one call. A connector that breaks down has failed, and no more.
func (r *run) deliver(ctx context.Context, m Message) (a dispatch.Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			trace.Log(ctx, r.opts.Log).Error("the connector failed", "decision", m.Event.ID, "panic", Plain(fmt.Sprint(p)))
			err = errors.New("the connector failed; see the log")
		}
	}()
	if m.retained != nil {
		ctx = dispatch.WithRetained(ctx, m.retained)
	}
	return r.opts.Connector.Deliver(dispatch.WithRecheck(ctx, r.recheck(m)), m.Event, m.Body)
}

// giveUp publishes a receipt about a failed delivery.
func (r *run) giveUp(ctx context.Context, it *item) {
	r.workers++
	m := it.Message
	after := days(r.opts.Schedule.GiveUp)
	if now := time.Now(); now.Before(it.Stored.Add(r.opts.Schedule.GiveUp)) {
		after = now.Sub(it.failing).Round(time.Minute).String() + ", and later decisions about the person waited"
	}
	a := dispatch.Answer{
		Outcome: stream.OutcomeFailed,
		Reason:  Plain(fmt.Sprintf("no delivery succeeded for %s; last error: %s", after, r.lastError)),
	}
	r.traced(m).
		Error("a decision could not be delivered to the recipient; carry out the decision by hand", "decision", m.Event.ID, "reason", a.Reason)
	go func() {
		ok := r.receipt(ctx, m, a)
		r.results <- result{it: it, settled: ok, outcome: a.Outcome, ended: true}
	}()
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	}
	return d.String()
}

// receipt publishes a receipt until the receipt is durable or the context ends.
func (r *run) receipt(ctx context.Context, m Message, a dispatch.Answer) bool {
	receipt := &stream.Receipt{
		Decision: m.Event.ID, Recipient: r.opts.Recipient, Outcome: a.Outcome,
		Categories: a.Categories, Reason: Plain(a.Reason), At: r.opts.Now().UTC(), LookAgain: a.LookAgain,
	}
	if !m.narrowedAt.IsZero() {
		receipt.Narrowed = &m.narrowedAt
	}
	id := receiptID(m.Event, r.opts.Recipient, a.Outcome)
	for failures := 1; ; failures++ {
		err := r.opts.Receipts.Publish(ctx, id, receipt)
		if err == nil {
			return true
		}
		if !r.pause(ctx, failures) {
			return false
		}
		r.traced(m).Warn("a receipt is not stored yet; the next attempt follows", "decision", m.Event.ID, "error", err)
	}
}

// pause waits after an internal failure and reports whether to continue.
func (r *run) pause(ctx context.Context, failures int) bool {
	return loop.Sleep(ctx, Schedule{First: time.Second, Most: time.Minute}.wait(failures, r.opts.Random()))
}

// receiptID is the same for the same outcome of the same publication.
func receiptID(e *stream.Event, recipient, outcome string) string {
	id := e.ID + ":" + recipient + ":" + outcome
	if e.Data.Replay != nil {
		id += ":" + strconv.FormatInt(e.Data.Replay.At.UnixNano(), 10)
	}
	return id
}

// disable records that the recipient is disabled.
func (r *run) disable(ctx context.Context, reason string) {
	r.workers++
	go func() {
		for failures := 1; ; failures++ {
			err := r.opts.Switch.Disable(ctx, r.opts.Recipient, reason)
			if err == nil || !r.pause(ctx, failures) {
				break
			}
			r.opts.Log.Warn("the disabling of a recipient is not stored yet; the next attempt follows", "error", err)
		}
		r.results <- result{ended: true}
	}()
}

// unreachable reports whether an error means a missing peer, and not a faulty one.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
