package natsio

import (
	"context"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// begin starts the span of a delivery, in the trace of a traceparent.
func (f *Feed) begin(ctx context.Context, parent string) (context.Context, *trace.Span) {
	return f.Tracer.Start(trace.Continue(ctx, parent), "apply", trace.KindConsumer, trace.Text("stream", f.Stream))
}

// steps are the spans of messages applied together.
type steps []*trace.Span

// end ends the spans of applied messages.
func (s steps) end(deliveries []*factv1.Delivery) {
	for i, span := range s {
		span.Outcome("applied", trace.Number("facts", len(deliveries[i].GetFacts())))
		span.End()
	}
}

// fail ends the spans of messages that were not applied.
func (s steps) fail(outcome string) {
	for _, span := range s {
		span.Fail(outcome)
		span.End()
	}
}
