package ingest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
)

// retryAfter is how many seconds a sender should wait when we cannot keep what
// it says.
const retryAfter = "5"

// refusal is how one kind of error is answered, counted and logged.
type refusal struct {
	outcome string
	level   slog.Level
	problem Problem
}

// refuse answers an error and is where it stops. What it shows of the error is
// what a provider made of field names; everything else keeps its text to the log.
func (h *Handler) refuse(c echo.Context, source string, err error) error {
	r := refusalOf(err)
	h.counts.webhook(source, r.outcome)
	h.Log.Log(c.Request().Context(), r.level, "webhook refused",
		"source", source, "outcome", r.outcome, "status", r.problem.Status, "error", err)
	if r.problem.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", retryAfter)
	}
	return r.problem.write(c)
}

func refusalOf(err error) refusal {
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, ErrSignature):
		return refusal{outcomeBadSignature, slog.LevelWarn, problem(http.StatusUnauthorized, "bad-signature", "Signature not accepted",
			"The signature is missing, malformed, too old, too new, or made with another secret.")}
	case errors.As(err, &large):
		return refusal{outcomeTooLarge, slog.LevelWarn, problem(http.StatusRequestEntityTooLarge, "too-large", "Body too large",
			"The body is larger than this service takes.")}
	case errors.Is(err, ErrMediaType):
		return refusal{outcomeMediaType, slog.LevelWarn, problem(http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported content type",
			"The body must be JSON and say so.")}
	case errors.Is(err, ErrUnreadable):
		return refusal{outcomeUnreadable, slog.LevelWarn, problem(http.StatusBadRequest, "unreadable", "Unreadable body", err.Error())}
	case errors.Is(err, ErrImpossible):
		return refusal{outcomeImpossible, slog.LevelWarn, problem(http.StatusUnprocessableEntity, "impossible", "Impossible content", err.Error())}
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refusal{outcomeUnavailable, slog.LevelError, problem(http.StatusServiceUnavailable, "unavailable", "Not taken",
			"The webhook could not be made durable. Send it again later.")}
	}
	return refusal{outcomeFailed, slog.LevelError, blank(http.StatusInternalServerError)}
}
