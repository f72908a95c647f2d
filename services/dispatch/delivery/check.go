package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// errUnknown means that lifecycle does not know the decision. A decision without a notice yet is known a
// moment later.
var errUnknown = errors.New("lifecycle does not know the decision")

// uncheckedError is the error of an attempt that was not made because the decision could not be checked.
type uncheckedError struct{ err error }

// Error returns the reason.
func (e *uncheckedError) Error() string { return "the decision cannot be checked: " + e.err.Error() }

// Unwrap returns the error of the check.
func (e *uncheckedError) Unwrap() error { return e.err }

// check returns the part of a decision that may be delivered now. withdrawn is the outcome of a decision of
// which nothing may be delivered; empty otherwise.
func (r *run) check(ctx context.Context, m Message) (checked Message, withdrawn string, err error) {
	if r.opts.Checker == nil || m.Event.Data.Retract != nil {
		return m, "", nil
	}
	st, err := r.opts.Checker.Check(trace.Continue(ctx, m.Trace), m.Event)
	if err == nil && st.State == stream.StateUnknown {
		err = errUnknown
	}
	if err != nil {
		r.counts.checked(checkUnavailable)
		return m, "", &uncheckedError{err}
	}
	r.counts.checked(string(st.State))
	switch st.State {
	case stream.StateStanding, stream.StateNarrowed:
		if st.Scope != "" {
			m.retained = append([]stream.RetainedItem{}, st.Retained...)
		}
		m, err = m.narrowed(st)
		return m, "", err
	case stream.StateRetracted, stream.StateClosed:
		return m, string(st.State), nil
	case stream.StateUnknown:
	}
	return m, "", &uncheckedError{fmt.Errorf("lifecycle answered the unknown state %q", Plain(string(st.State)))}
}

// narrowed returns the message with the part of the deletion that holds.
func (m Message) narrowed(st *stream.Standing) (Message, error) {
	event := m.Event.Narrowed(st)
	if event == m.Event {
		return m, nil
	}
	body, err := event.Encode()
	if err != nil {
		return m, &uncheckedError{err}
	}
	m.Event, m.Body, m.narrowedAt = event, body, st.At
	return m, nil
}

// recheck returns the check of a delivery in progress: an error when less than the delivered part holds.
func (r *run) recheck(m Message) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		now, withdrawn, err := r.check(ctx, m)
		if err == nil && (withdrawn != "" || now.Event != m.Event) {
			err = dispatch.ErrChanged
		}
		return err
	}
}

// maxUnchecked is the longest wait between two checks.
const maxUnchecked = time.Minute

// recordUnchecked schedules the next attempt at a decision that could not be checked. Such an attempt counts
// for neither the circuit breaker nor the end of the attempts, except for a decision that lifecycle does
// not know.
func (r *run) recordUnchecked(ctx context.Context, it *item, err error) {
	now := time.Now()
	it.unchecked++
	r.lastError, r.lastErrorAt = Plain(err.Error()), now
	if !r.uncheckable {
		r.uncheckable = true
		r.traced(it.Message).Warn("a decision waits, because lifecycle cannot be asked whether the decision holds; "+
			"nothing is delivered unchecked", "decision", it.Event.ID, "error", r.lastError)
	}
	if errors.Is(err, errUnknown) && now.Sub(it.Stored) > r.opts.Schedule.GiveUp {
		r.giveUp(ctx, it)
		return
	}
	due := now.Add(max(Schedule{First: time.Second, Most: maxUnchecked}.wait(it.unchecked, r.opts.Random()), minUnchecked))
	it.asked = due // a probe must not bring the attempt forward
	r.order.retry(it, due)
}

// minUnchecked is the shortest wait between two checks of one decision.
const minUnchecked = 100 * time.Millisecond

// recordWithdrawn acknowledges a decision of which nothing holds any more.
func (r *run) recordWithdrawn(it *item, outcome string) {
	r.traced(it.Message).Info("a decision no longer holds and is not delivered", "decision", it.Event.ID, "state", outcome)
	if !it.touched && !it.Redelivered && it.Event.Data.Replay == nil {
		r.untouched[it.Event.ID] = true
	}
	r.acknowledge(it, outcome)
}

// isNeedless reports whether an event retracts a decision that never left this process, so that the recipient
// need not know of the retraction.
func (r *run) isNeedless(e *stream.Event) bool {
	return e.Data.Retract != nil && r.untouched[e.Data.Retract.Decision]
}

// settleNeedless answers a retraction on behalf of a recipient that never received the retracted decision.
func (r *run) settleNeedless(ctx context.Context, it *item) {
	delete(r.untouched, it.Event.Data.Retract.Decision)
	r.workers++
	m := it.Message
	a := dispatch.Answer{Outcome: stream.OutcomeDone, Reason: "the retracted decision was not delivered"}
	go func() {
		ok := r.receipt(ctx, m, a)
		r.results <- result{it: it, settled: ok, outcome: a.Outcome, ended: true}
	}()
}

// neverArrived reports whether a call failed before the recipient could receive anything.
func neverArrived(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}
