package background

import (
	"context"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// startSpans starts a span for each event, in the trace of the causing webhook or in a new trace.
// The returned function ends the spans.
func (r *Relay) startSpans(ctx context.Context, events []*stream.Event) (end func(err error)) {
	spans := make([]*trace.Span, len(events))
	for i, e := range events {
		var in context.Context
		in, spans[i] = r.opts.Tracer.Start(trace.Continue(ctx, e.Traceparent), "publish", trace.KindProducer,
			trace.Text("kind", string(e.Data.Kind)), trace.Number("recipients", len(e.Data.Recipients)))
		e.Traceparent = trace.Parent(in)
	}
	return func(err error) {
		for _, s := range spans {
			if err != nil {
				s.Fail("again")
			} else {
				s.Outcome("published")
			}
			s.End()
		}
	}
}
