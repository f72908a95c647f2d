package trace

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter says once when the collector stops taking spans, and once when it takes them
// again. Spans that it does not take are let go: the walk waits for nobody.
type exporter struct {
	next    sdktrace.SpanExporter
	log     *slog.Logger
	failing atomic.Bool
}

// ExportSpans sends spans to the collector. It returns no error: it has been said.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.next.ExportSpans(ctx, spans)
	switch {
	case err == nil && e.failing.Swap(false):
		e.log.Info("the collector takes traces again")
	case err != nil && !e.failing.Swap(true):
		e.log.Warn("the collector does not take traces; they are let go until it does", "error", err)
	}
	return nil
}

// Shutdown ends the connection to the collector.
func (e *exporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }
