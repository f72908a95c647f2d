package trace

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter logs the first failure of the collector and the first success afterwards. Spans are
// dropped during an outage: no service waits for the collector.
type exporter struct {
	next    sdktrace.SpanExporter
	log     *slog.Logger
	failing atomic.Bool
}

// ExportSpans sends spans to the collector. Failures are logged and not returned.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.next.ExportSpans(ctx, spans)
	switch {
	case err == nil && e.failing.Swap(false):
		e.log.Info("the collector accepts traces again")
	case err != nil && !e.failing.Swap(true):
		e.log.Warn("the collector does not accept traces; traces are dropped until it does", "error", err)
	}
	return nil
}

// Shutdown ends the connection to the collector.
func (e *exporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }
