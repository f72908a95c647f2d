package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// retryAfter is the wait in seconds for an unavailable broker, rateLimitRetryAfter for an exceeded
// rate limit.
const (
	retryAfter          = "5"
	rateLimitRetryAfter = "60"
)

// refusal is how one kind of error is answered, counted and logged.
type refusal struct {
	outcome string
	level   slog.Level
	problem *problem.Problem
}

// refuse answers and logs an error. The answer quotes only what a provider reports about field
// names; other texts stay in the log.
func (h *Handler) refuse(ctx context.Context, c echo.Context, source string, err error, span *trace.Span) error {
	r := refusalOf(err)
	h.counts.webhook(source, r.outcome)
	noted := r.noted(c.Request(), err, h.Now())
	if errors.Is(err, ErrSignature) {
		h.watch.badSignature(source, noted)
	} else {
		h.watch.refused(source, noted)
	}
	span.Fail(r.outcome)
	trace.Log(ctx, h.Log).Log(ctx, r.level, "webhook refused",
		"source", source, "outcome", r.outcome, "status", r.problem.Status, "error", err)
	switch r.problem.Status {
	case http.StatusServiceUnavailable:
		c.Response().Header().Set("Retry-After", retryAfter)
	case http.StatusTooManyRequests:
		c.Response().Header().Set("Retry-After", rateLimitRetryAfter)
	}
	return r.problem.Write(c.Response())
}

// noted is the refusal as it is kept for the owner: an error of a provider names fields and no values, and what looks
// like an address is hidden all the same.
func (r refusal) noted(req *http.Request, err error, now time.Time) connection.Refusal {
	out := connection.Refusal{
		First: now.UTC(), Last: now.UTC(), Count: 1, Outcome: r.outcome, Status: r.problem.Status,
		Text: address.HideAny(r.problem.Detail), Topic: plainName(req.Header.Get("X-Wc-Webhook-Topic")),
		Event: plainName(req.Header.Get("Webhook-Id")),
	}
	if e, ok := errors.AsType[*namedError](err); ok {
		out.Topic, out.Event = cmp.Or(out.Topic, e.topic), cmp.Or(out.Event, e.event)
	}
	return out
}

// namedError is the error of a webhook whose body names its event.
type namedError struct {
	error

	topic, event string
}

// Unwrap returns the error itself.
func (e *namedError) Unwrap() error { return e.error }

// maxNamed bounds the bodies of which the names are read, in bytes: a stranger may send anything.
const maxNamed = 64 << 10

// named adds to an error how a body names its event: {"type": …, "id": …} of Stripe, or {"event": …} of MailerLite.
func named(err error, body []byte) error {
	var names struct {
		ID    json.RawMessage `json:"id"`
		Type  json.RawMessage `json:"type"`
		Event json.RawMessage `json:"event"`
	}
	if len(body) > maxNamed || json.Unmarshal(body, &names) != nil {
		return err
	}
	out := &namedError{error: err, topic: cmp.Or(plainName(unquoted(names.Type)), plainName(unquoted(names.Event)))}
	if id := plainName(unquoted(names.ID)); strings.HasPrefix(id, "evt_") { // another id may be that of a person
		out.event = id
	}
	return out
}

func unquoted(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// plainName returns a name of a platform, such as order.updated or evt_123; empty for any other text, which may be
// personal.
func plainName(text string) string {
	const most = 80
	foreign := func(c rune) bool {
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		return !isLetter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	}
	if len(text) > most || strings.ContainsFunc(text, foreign) {
		return ""
	}
	return text
}

func refusalOf(err error) refusal {
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errCompressed):
		return refusal{
			outcomeBadSignature,
			slog.LevelWarn,
			problem.New(
				http.StatusUnauthorized,
				"bad-signature",
				"The signature does not fit the compressed body: a relay must not compress a webhook after the sender signed the body.",
			),
		}
	case errors.Is(err, ErrSignature):
		return refusal{outcomeBadSignature, slog.LevelWarn, problem.New(http.StatusUnauthorized, "bad-signature",
			"The signature is missing, malformed, too old, too new, or made with another secret.")}
	case errors.Is(err, ErrRateLimited):
		return refusal{outcomeRateLimited, slog.LevelWarn, problem.New(http.StatusTooManyRequests, "too-fast",
			"The source exceeds its per_minute. Send the webhook again later.")}
	case errors.As(err, &large):
		return refusal{outcomeTooLarge, slog.LevelWarn, problem.New(http.StatusRequestEntityTooLarge, "too-large",
			fmt.Sprintf("The body exceeds %d bytes: raise max_body_mb of the source.", large.Limit))}
	case errors.Is(err, errSlow):
		return refusal{outcomeSlow, slog.LevelWarn, problem.New(http.StatusRequestTimeout, "too-slow",
			"The body was not sent in time, and other webhooks waited. Send the webhook again.")}
	case errors.Is(err, ErrEncoding):
		return refusal{
			outcomeEncoding,
			slog.LevelWarn,
			problem.New(http.StatusUnsupportedMediaType, "unsupported-content-encoding", err.Error()),
		}
	case errors.Is(err, ErrUnreadable):
		return refusal{outcomeUnreadable, slog.LevelWarn, problem.New(http.StatusBadRequest, "unreadable", err.Error())}
	case errors.Is(err, ErrImpossible):
		return refusal{
			outcomeImpossible,
			slog.LevelWarn,
			problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()),
		}
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refusal{outcomeUnavailable, slog.LevelError, problem.New(http.StatusServiceUnavailable, "unavailable",
			"The webhook could not be stored. Send the webhook again later.")}
	}
	return refusal{outcomeFailed, slog.LevelError, problem.Blank(http.StatusInternalServerError)}
}
