package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// ErrUnavailable means that a delivery could not be made durable now and may be
// later. The sender is asked to try again.
var ErrUnavailable = errors.New("the delivery cannot be stored")

// Publisher makes deliveries durable.
type Publisher interface {
	// Publish returns nil once d is durable. An error that wraps ErrUnavailable is passing: another
	// attempt may succeed. Any other error is permanent: no attempt with the same delivery succeeds.
	Publish(ctx context.Context, d *factv1.Delivery) error
}

// Options configure a Handler.
type Options struct {
	// Sources are the providers of the sources, by id. An id is a path segment, a part of delivery
	// ids and a metric label.
	Sources map[string]Provider `validate:"required,min=1,dive,keys,max=63,source_id,endkeys,required"`
	// PerMinute are the rate limits of sources, by id, in webhooks per minute; a source without an
	// entry has none. Only webhooks with a valid signature count.
	PerMinute map[string]int `validate:"dive,min=1"`
	// Publisher stores the facts of webhooks.
	Publisher Publisher `validate:"required"`
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Log receives one record for every refused webhook; nil means slog.Default().
	Log *slog.Logger
	// Metrics registers the counters; nil means none.
	Metrics prometheus.Registerer
	// Tracer begins a span for each webhook; nil forwards trace ids only.
	Tracer *trace.Tracer
	// MaxBody is the maximum size of a body, in bytes, by source; a source without an entry has 1 MiB.
	MaxBody map[string]int64 `validate:"dive,min=1"`
	// MaxBytes bounds the bodies in memory at a time, in bytes; 0 means 64 MiB.
	MaxBytes int64 `validate:"min=0"`
	// MaxRequests bounds the webhooks in memory at a time; 0 means 1024.
	MaxRequests int `validate:"min=0"`
}

// Handler receives the webhooks of all sources.
type Handler struct {
	Options
	counts  *counts
	watch   *watch
	pace    rateLimits
	buffers sync.Pool
	// underway are the bodies in memory.
	underway *underway
}

const (
	defaultMaxBody = 1 << 20
	// keptBuffer is the largest buffer that is used again, so that a few large
	// bodies do not stay in memory.
	keptBuffer = 64 << 10
)

// NewHandler returns a handler, or an error with all faults of the options.
func NewHandler(o Options) (*Handler, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	err := v.RegisterValidation("source_id", func(f validator.FieldLevel) bool { return isSourceID(f.Field().String()) })
	if err != nil {
		return nil, fmt.Errorf("register rule: %w", err)
	}
	if err := v.Struct(o); err != nil {
		return nil, fmt.Errorf("webhook handler: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.MaxBytes, o.MaxRequests = cmp.Or(o.MaxBytes, defaultMaxBytes), cmp.Or(o.MaxRequests, defaultMaxRequests)
	h := &Handler{
		Options:  o,
		pace:     newRateLimits(o.PerMinute),
		buffers:  sync.Pool{New: func() any { return new(bytes.Buffer) }},
		underway: &underway{maxBytes: o.MaxBytes, maxRequests: o.MaxRequests},
	}
	h.watch = newWatch(o.Log, o.Sources)
	if h.counts, err = newCounts(o.Metrics, h.watch.faults, h.watch.last, h.watch.unlisted); err != nil {
		return nil, fmt.Errorf("webhook handler: %w", err)
	}
	return h, nil
}

// isSourceID reports whether s consists of lower-case letters, digits, "-" and "_", and begins with
// a letter or digit.
func isSourceID(s string) bool {
	for i, c := range s {
		plain := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !plain && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return s != ""
}

// Register mounts POST /webhooks/:source, also for an address with a slash at the end or with a doubled
// slash.
func (h *Handler) Register(e *echo.Echo) {
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			cleanPath(c.Request())
			return next(c)
		}
	})
	e.POST(webhooks+":source", h.receive)
}

// CleanPaths passes a webhook to an address with a slash at the end or with a doubled slash on under the
// address of its source. http.ServeMux would answer with a redirect, which no platform follows.
func CleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cleanPath(r)
		next.ServeHTTP(w, r)
	})
}

func cleanPath(r *http.Request) {
	if clean := path.Clean(r.URL.Path); strings.HasPrefix(clean, webhooks) {
		r.URL.Path, r.URL.RawPath = clean, ""
	}
}

// webhooks is the path of all sources.
const webhooks = "/webhooks/"

// accepted is the answer to an accepted webhook.
type accepted struct {
	Facts  int      `json:"facts"`
	Silent []string `json:"silent"`
}

func (h *Handler) receive(c echo.Context) error {
	name := c.Param("source")
	provider, ok := h.Sources[name]
	ctx, span := h.begin(c, name, ok)
	defer span.End()
	if !ok {
		// The name is untrusted: no log record and no label contains the name.
		h.counts.webhook("", outcomeUnknownSource)
		span.Fail(outcomeUnknownSource)
		return problem.New(http.StatusNotFound, "unknown-source", "No source of this name is configured.").Write(c.Response())
	}
	reading, err := h.accept(ctx, c, name, provider)
	if errors.Is(err, ErrPing) {
		h.counts.webhook(name, outcomePing)
		h.watch.ping(name, h.Now())
		span.Outcome(outcomePing)
		return c.JSON(http.StatusOK, accepted{Silent: []string{SilentPing}})
	}
	if err != nil {
		return h.refuse(ctx, c, name, err, span)
	}
	h.counts.reading(name, reading)
	h.watch.accepted(name, reading, h.Now())
	if reading.Unread != "" {
		trace.Log(ctx, h.Log).WarnContext(ctx, "a webhook was read in part or not at all: see rodopath quarantine",
			"source", name, "reason", reading.Unread, "topic", reading.Topic)
		reading.Silent = append(reading.Silent, silentUnread)
	}
	span.Outcome(outcomeOf(reading), trace.Number("facts", len(reading.Facts)))
	if reading.Silent == nil {
		reading.Silent = []string{}
	}
	return c.JSON(http.StatusOK, accepted{len(reading.Facts), reading.Silent})
}

// begin begins the span of a webhook, in the trace of the sender if there is one. A request to an
// unknown source has no influence on the span.
func (h *Handler) begin(c echo.Context, name string, known bool) (context.Context, *trace.Span) {
	if !known {
		name = ""
	}
	r := c.Request()
	ctx := trace.Continue(r.Context(), r.Header.Get(trace.Header))
	return h.Tracer.Start(ctx, "webhook", trace.KindServer, trace.Text("source", name))
}

// accept returns the reading of the webhook after its facts are durable. The buffer is reused
// afterwards: providers must not retain the body.
func (h *Handler) accept(ctx context.Context, c echo.Context, name string, p Provider) (Reading, error) {
	buf := h.buffers.Get().(*bytes.Buffer)
	defer h.release(buf)
	limit := h.limit(name)
	body, receiving, err := h.body(c, buf, limit)
	if err != nil {
		return Reading{}, err
	}
	defer receiving.end()
	header, now := c.Request().Header, h.Now()
	sent := body
	if body, err = verified(p, header, body, limit, now); err != nil {
		return Reading{}, named(err, sent)
	}
	if err := h.pace.allow(name, now); err != nil {
		return Reading{}, named(err, body)
	}
	reading, err := p.Read(header, body, now)
	if err != nil {
		return Reading{}, named(fmt.Errorf("read: %w", err), body)
	}
	if len(reading.Facts) == 0 && reading.Unread == "" {
		return reading, nil
	}
	err = h.Publisher.Publish(ctx, &factv1.Delivery{
		Id:          name + ":" + reading.ID,
		Source:      name,
		Received:    timestamppb.New(now),
		Facts:       reading.Facts,
		Traceparent: trace.Parent(ctx),
		Unread:      unreadOf(reading, body),
	})
	if err != nil {
		return Reading{}, fmt.Errorf("publish: %w", err)
	}
	return reading, nil
}

// limit is the maximum size of a body of a source.
func (h *Handler) limit(source string) int64 {
	if n := h.MaxBody[source]; n > 0 {
		return n
	}
	return defaultMaxBody
}

func (h *Handler) release(buf *bytes.Buffer) {
	if buf.Cap() <= keptBuffer {
		buf.Reset()
		h.buffers.Put(buf)
	}
}
