package ingest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
)

// problemBase leads the types of the problems that are ours; the rest say
// "about:blank" and mean no more than their status (RFC 9457).
const problemBase = "https://rodopath.dev/problems/"

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func problem(status int, name, title, detail string) Problem {
	return Problem{Type: problemBase + name, Title: title, Status: status, Detail: detail}
}

// blank is a problem that means its status and no more.
func blank(status int) Problem {
	return Problem{Type: "about:blank", Title: http.StatusText(status), Status: status}
}

// write answers with the problem. A caller that has gone is no fault.
func (p Problem) write(c echo.Context) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(p.Status)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.Blob(p.Status, "application/problem+json", body)
}

// ProblemHandler returns an error handler for echo that answers every error as a
// problem: an unknown path, a wrong method, and whatever a handler returns. Only
// the status of an error is shown; its text goes to the log when it is ours.
func ProblemHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		status := http.StatusInternalServerError
		var known *echo.HTTPError
		if errors.As(err, &known) && known.Code >= http.StatusBadRequest && known.Code <= 599 {
			status = known.Code
		}
		if status >= http.StatusInternalServerError {
			log.ErrorContext(c.Request().Context(), "request failed", "status", status, "error", err)
		}
		if c.Response().Committed {
			return
		}
		if err := blank(status).write(c); err != nil {
			log.DebugContext(c.Request().Context(), "answer not written", "error", err)
		}
	}
}
