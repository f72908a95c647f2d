package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
)

// handleResult processes the result of a worker.
func (r *run) handleResult(ctx context.Context, res result) {
	if res.ended {
		r.workers--
	}
	switch {
	case res.it == nil:
	case res.called:
		r.calls--
		probed := r.probe == res.it
		if probed {
			r.probe = nil
		}
		if res.withdrawn != "" {
			r.uncheckable = false
			r.recordWithdrawn(res.it, res.withdrawn)
			return
		}
		if res.err != nil {
			r.recordFailure(ctx, res, probed)
			return
		}
		r.uncheckable = false
		r.recordSuccess()
		r.logRemark(res)
	case res.settled:
		r.acknowledge(res.it, res.outcome)
	case res.it.lost || r.stopping:
		r.order.done(res.it)
	default: // cancelled before its receipt, and claimed anew
		r.order.retry(res.it, time.Now())
	}
}

// logRemark logs the remark of an answer for the operator of the recipient.
func (r *run) logRemark(res result) {
	if res.answer.Remark == "" {
		return
	}
	r.lastError, r.lastErrorAt = Plain(res.answer.Remark), time.Now()
	r.traced(res.it.Message).
		Warn("a decision was delivered, but the answer is invalid", "decision", res.it.Event.ID, "error", r.lastError)
}

// acknowledge acknowledges a decision with a durable receipt.
func (r *run) acknowledge(it *item, outcome string) {
	r.counts.delivered(outcome)
	if err := it.Claim.Ack(); err != nil {
		r.traced(it.Message).
			Warn("a decision was not acknowledged; the redelivery has no further effect", "decision", it.Event.ID, "error", err)
	}
	r.order.done(it)
}

// recordSuccess notes that a call succeeded.
func (r *run) recordSuccess() {
	since := r.circuit.since
	if r.circuit.succeed() {
		r.opts.Log.Info("the recipient accepts decisions again", "away", time.Since(since).Round(time.Second).String())
		r.order.retryAll(time.Now())
	}
}

// recordFailure schedules the next attempt after a failed call, or gives up.
func (r *run) recordFailure(ctx context.Context, res result, probed bool) {
	it, err := res.it, res.err
	switch {
	case it.lost || r.stopping:
		r.order.done(it)
		return
	case res.cut: // and claimed anew
		it.touched = true
		r.order.retry(it, time.Now())
		return
	}
	if unchecked, ok := errors.AsType[*uncheckedError](err); ok {
		r.recordUnchecked(ctx, it, unchecked)
		return
	}
	r.uncheckable = false
	it.touched = it.touched || !neverArrived(err)
	if errors.Is(err, dispatch.ErrChanged) {
		r.order.retry(it, time.Now())
		return
	}
	now := time.Now()
	it.failures++
	if it.failing.IsZero() {
		it.failing = now
	}
	r.lastError, r.lastErrorAt = Plain(err.Error()), now
	r.traced(it.Message).
		Debug("an attempt to deliver a decision failed", "decision", it.Event.ID, "failures", it.failures, "error", r.lastError)
	if errors.Is(err, dispatch.ErrGone) {
		r.recordGone(ctx, it)
		return
	}
	var asked time.Duration
	if wait, ok := errors.AsType[*dispatch.Wait](err); ok {
		asked = min(wait.After, maxAsked)
		it.asked = now.Add(asked)
	}
	_, refused := errors.AsType[*dispatch.RefusalError](err)
	opened := !refused && r.circuit.fail(it.Event.ID, unreachable(err), now)
	if opened {
		r.opts.Log.Warn("the recipient does not accept decisions; the circuit breaker admits one probe at a time",
			"failures", r.circuit.failures, "error", r.lastError)
	}
	if opened || r.circuit.open && probed {
		r.circuit.probeLater(now, asked, r.opts.Random())
	}
	due, more := r.opts.Schedule.Next(it.Stored, now, it.failures, asked, r.opts.Random())
	if !more || refused && r.order.blocks(it) && now.Sub(it.failing) >= refusedFor {
		r.giveUp(ctx, it)
		return
	}
	r.order.retry(it, due)
}

// refusedFor is how long a decision that the recipient refuses holds up later decisions about the same person.
const refusedFor = time.Hour

// recordGone disables a recipient that answered 410.
func (r *run) recordGone(ctx context.Context, it *item) {
	r.order.retry(it, time.Now().Add(maxSleep))
	if r.gone {
		return
	}
	r.gone = true
	r.traced(it.Message).
		Warn("the recipient is disabled after the answer 410; enable the recipient with \"rodopath recipients enable\"", "decision", it.Event.ID)
	r.disable(ctx, r.lastError)
}
