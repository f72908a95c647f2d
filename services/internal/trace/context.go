package trace

import (
	"context"
	"crypto/rand"
	"log/slog"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Header is the name of the trace context in HTTP headers and in messages of the streams.
const Header = "traceparent"

// Continue adds the trace of a traceparent to ctx. A malformed traceparent is ignored. tracestate
// is not read, because its content is arbitrary.
func Continue(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: traceparent})
}

// Parent is the traceparent of ctx; empty without a trace.
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

// Log returns a logger with the trace id of ctx, if there is one.
func Log(ctx context.Context, log *slog.Logger) *slog.Logger {
	if id := ID(ctx); id != "" {
		return log.With("trace_id", id)
	}
	return log
}

// forwarded returns ctx with its trace unchanged, or with a new unrecorded trace.
func forwarded(ctx context.Context) context.Context {
	if oteltrace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	var c oteltrace.SpanContextConfig
	_, _ = rand.Read(c.TraceID[:]) // never fails
	_, _ = rand.Read(c.SpanID[:])
	return oteltrace.ContextWithSpanContext(ctx, oteltrace.NewSpanContext(c))
}
