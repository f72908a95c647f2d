package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

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
	if errors.Is(err, ErrSignature) {
		h.watch.badSignature(source)
	} else {
		h.watch.refused(source)
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
