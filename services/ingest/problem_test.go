package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/problem"
)

func TestProblemHandler_ShowsOfAnErrorOnlyWhatIsMeantForOthers(t *testing.T) {
	ready := problem.New(http.StatusConflict, "busy", "Try later.")
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		logged bool
	}{
		{"a problem", ready, 409, `{"type":"https://rodopath.dev/problems/busy","title":"Conflict","status":409,"detail":"Try later."}`, false},
		{"a problem within", fmt.Errorf("list: %w", ready), 409, `{"type":"https://rodopath.dev/problems/busy","title":"Conflict","status":409,"detail":"Try later."}`, false},
		{"an error of echo", echo.NewHTTPError(http.StatusNotFound, "ann@example.com"), 404, `{"type":"about:blank","title":"Not Found","status":404}`, false},
		{"an error of ours", errors.New("lost connection"), 500, `{"type":"about:blank","title":"Internal Server Error","status":500}`, true},
		{"a status that is no error", echo.NewHTTPError(http.StatusOK), 500, `{"type":"about:blank","title":"Internal Server Error","status":500}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			rec := httptest.NewRecorder()
			context := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), rec)
			ingest.ProblemHandler(slog.New(slog.NewTextHandler(&log, nil)))(c.err, context)
			if rec.Code != c.status || strings.TrimSpace(rec.Body.String()) != c.body {
				t.Errorf("answer %d %s", rec.Code, rec.Body)
			}
			if got := rec.Header().Get("Content-Type"); got != problem.ContentType {
				t.Errorf("Content-Type %q", got)
			}
			if (log.Len() > 0) != c.logged {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestProblemHandler_AddsNothingToAnAnswerAlreadyGiven(t *testing.T) {
	rec := httptest.NewRecorder()
	context := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), rec)
	if err := context.NoContent(http.StatusNoContent); err != nil {
		t.Fatal(err)
	}
	ingest.ProblemHandler(slog.New(slog.DiscardHandler))(errors.New("too late"), context)
	if rec.Code != http.StatusNoContent || rec.Body.Len() != 0 {
		t.Errorf("answer %d %s", rec.Code, rec.Body)
	}
}
