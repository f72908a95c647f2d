// Package trace follows one webhook through all services (OpenTelemetry): the package begins spans
// and forwards the W3C trace context from step to step.
//
// Names and attributes of spans hold configured ids, numbers and constants. Input from outside and
// texts of errors are excluded.
package trace

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rodopath/rodopath/services/internal/config"
)

// Kind is the role of a span.
type Kind = oteltrace.SpanKind

// The kinds of spans: KindServer answers a request, KindClient makes one, KindConsumer processes a
// message of a stream, and KindProducer publishes one.
const (
	KindServer   Kind = oteltrace.SpanKindServer
	KindClient   Kind = oteltrace.SpanKindClient
	KindConsumer Kind = oteltrace.SpanKindConsumer
	KindProducer Kind = oteltrace.SpanKindProducer
)

// Options configure a Tracer.
type Options struct {
	// Traces is that part of the configuration. Without a URL nothing is exported.
	Traces config.Traces
	// Service names the process, such as "rodopath ingest".
	Service string
	// Log receives failures of the collector; nil discards them.
	Log *slog.Logger
}

// Tracer begins spans. A nil Tracer, or one without a collector, records nothing and forwards trace
// ids.
type Tracer struct {
	provider *sdktrace.TracerProvider // nil when nothing is exported
	tracer   oteltrace.Tracer
}

const (
	// scope is the instrumentation scope of the spans.
	scope = "github.com/rodopath/rodopath"
	// exportTimeout bounds one export, closeTimeout the exports at the end; later spans are
	// dropped.
	exportTimeout = 5 * time.Second
	closeTimeout  = 3 * time.Second
	tracesPath    = "/v1/traces"
)

// Open returns a Tracer for the configuration, without waiting for the collector. The caller must
// call Close.
func Open(ctx context.Context, opts Options) (*Tracer, error) {
	if opts.Traces.URL == "" {
		return &Tracer{}, nil
	}
	log := cmp.Or(opts.Log, slog.New(slog.DiscardHandler))
	u, err := url.Parse(opts.Traces.URL)
	if err != nil {
		return nil, fmt.Errorf("open traces: traces.url is not an address such as https://collector:4318: %w", err)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = tracesPath
	}
	client, err := otlptracehttp.New(
		ctx,
		otlptracehttp.WithEndpointURL(u.String()),
		otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}),
	)
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	share := 1.0
	if opts.Traces.Share != nil {
		share = *opts.Traces.Share
	}
	provider := sdktrace.NewTracerProvider(
		// One rule for all services, by the trace id: a trace is exported whole or not at all, and
		// the flag of a stranger has no influence.
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(share)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", opts.Service))),
		sdktrace.WithBatcher(&exporter{next: client, log: log}, sdktrace.WithExportTimeout(exportTimeout)),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer(scope)}, nil
}

// Close exports the remaining spans within a few seconds and stops the tracer.
func (t *Tracer) Close() {
	if t == nil || t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the exporter logs its failures
}

// Start begins a span in the trace of ctx, or in a new trace. The returned context carries the
// span. The caller must call End.
func (t *Tracer) Start(ctx context.Context, name string, kind Kind, attrs ...Attr) (context.Context, *Span) {
	if t == nil || t.provider == nil {
		return forwarded(ctx), nil
	}
	ctx, span := t.tracer.Start(ctx, name, oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attrs...))
	return ctx, &Span{span}
}

// Attr is a word of a span.
type Attr = attribute.KeyValue

// Text is an attribute with a constant or a configured id.
func Text(key, value string) Attr { return attribute.String("rodopath."+key, value) }

// Number is an attribute that counts.
func Number(key string, n int) Attr { return attribute.Int("rodopath."+key, n) }

// Span is one step of a trace. A nil Span records nothing.
type Span struct{ span oteltrace.Span }

// Outcome records the outcome of the step, a constant.
func (s *Span) Outcome(outcome string, attrs ...Attr) {
	if s != nil {
		s.span.SetAttributes(append(attrs, Text("outcome", outcome))...)
	}
}

// Fail records the failure of the step with its reason, a constant.
func (s *Span) Fail(outcome string, attrs ...Attr) {
	if s != nil {
		s.Outcome(outcome, attrs...)
		s.span.SetStatus(codes.Error, outcome)
	}
}

// End ends the span.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}
