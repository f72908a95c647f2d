package delivery

import (
	"context"
	"errors"
	"log/slog"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// Outcomes of a failed call, as an attribute of its span.
const (
	missedCall = "missed"
	cutCall    = "cut"
	goneCall   = "gone"
)

// attempt makes one call within a span of its own, in the trace of the decision.
func (r *run) attempt(ctx context.Context, m Message) (dispatch.Answer, error) {
	in, span := r.opts.Tracer.Start(
		trace.Continue(ctx, m.Trace),
		"deliver",
		trace.KindClient,
		trace.Text("recipient", r.opts.Recipient),
	)
	defer span.End()
	answer, err := r.deliver(in, m)
	switch {
	case err == nil:
		span.Outcome(answer.Outcome)
	case errors.Is(ctx.Err(), context.Canceled): // and not the end of the time of a call
		span.Fail(cutCall)
	case errors.Is(err, dispatch.ErrGone):
		span.Fail(goneCall)
	default:
		span.Fail(missedCall)
	}
	return answer, err
}

// traced returns a logger with the trace id of the decision.
func (r *run) traced(m Message) *slog.Logger {
	return trace.Log(trace.Continue(context.Background(), m.Trace), r.opts.Log)
}
