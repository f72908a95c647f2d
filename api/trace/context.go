package trace

import (
	"context"
	"crypto/rand"
	"log/slog"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Header is the name under which the trace context travels: in HTTP and in
// messages of the streams.
const Header = "traceparent"

// Continue puts the trace that a traceparent names into ctx. What is not well-formed is as
// if it were not there. Of tracestate nothing is read: it may hold anything.
func Continue(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: traceparent})
}

// Parent is the traceparent of ctx; empty when there is no trace in it.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[Header]
}

// ID is the id of the trace in ctx, as 32 hexadecimal digits; empty when there is none.
func ID(ctx context.Context) string {
	if c := oteltrace.SpanContextFromContext(ctx); c.HasTraceID() {
		return c.TraceID().String()
	}
	return ""
}

// Log is a logger whose lines carry the id of the trace in ctx, where there is one.
func Log(ctx context.Context, log *slog.Logger) *slog.Logger {
	if id := ID(ctx); id != "" {
		return log.With("trace_id", id)
	}
	return log
}

// forwarded lets the trace in ctx through as it is, or begins one that nobody records.
func forwarded(ctx context.Context) context.Context {
	if oteltrace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	var c oteltrace.SpanContextConfig
	_, _ = rand.Read(c.TraceID[:]) // it never fails
	_, _ = rand.Read(c.SpanID[:])
	return oteltrace.ContextWithSpanContext(ctx, oteltrace.NewSpanContext(c))
}
