package ingest

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
)

// ProblemHandler returns an error handler for echo that answers every error as a problem: an
// unknown path, a wrong method, and the error of a handler. A *problem.Problem is answered
// unchanged. Of any other error the answer has only the status; the log has the text of internal
// errors.
func ProblemHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		answer := problemOf(err)
		if answer.Status >= http.StatusInternalServerError {
			log.ErrorContext(c.Request().Context(), "request failed", "status", answer.Status, "error", err)
		}
		if c.Response().Committed {
			return
		}
		if err := answer.Write(c.Response()); err != nil {
			log.DebugContext(c.Request().Context(), "answer not written", "error", err)
		}
	}
}

func problemOf(err error) *problem.Problem {
	if ready, ok := errors.AsType[*problem.Problem](err); ok {
		return ready
	}
	var known *echo.HTTPError
	if errors.As(err, &known) && known.Code >= http.StatusBadRequest && known.Code <= 599 {
		return problem.Blank(known.Code)
	}
	return problem.Blank(http.StatusInternalServerError)
}
