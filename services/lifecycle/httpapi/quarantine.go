package httpapi

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
)

// quarantinedWebhook is a webhook in quarantine with its body.
type quarantinedWebhook struct {
	natsio.Quarantined
	// Body is the body as signed, in base64; empty when the body is not kept.
	Body string `json:"body,omitempty"`
}

// quarantined lists the webhooks in quarantine, one JSON object a line, oldest first: all, or with ?limit= a page
// behind the number ?after=, of all sources or of ?source=.
func (a *API) quarantined(c echo.Context) error {
	if c.QueryParam("limit") != "" {
		return a.quarantinePage(c)
	}
	lines := newLines(c)
	return a.opts.Quarantine.List(c.Request().Context(), func(q natsio.Quarantined) error { return lines.encode(q) })
}

func (a *API) quarantinePage(c echo.Context) error {
	limit, err := strconv.Atoi(c.QueryParam("limit"))
	if err != nil || limit < 1 || limit > maxPageSize {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "limit must be from 1 to 500.")
	}
	after, err := strconv.ParseUint(cmp.Or(c.QueryParam("after"), "0"), 10, 64)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "after is the number of an entry.")
	}
	lines := newLines(c)
	return a.opts.Quarantine.Page(c.Request().Context(), c.QueryParam("source"), after, limit,
		func(q natsio.Quarantined) error { return lines.encode(q) })
}

// quarantineCount answers with the number of entries.
func (a *API) quarantineCount(c echo.Context) error {
	n, err := a.opts.Quarantine.Count(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]uint64{"count": n})
}

// quarantinedBody returns a webhook in quarantine with its body.
func (a *API) quarantinedBody(c echo.Context) error {
	number, err := quarantineNumber(c)
	if err != nil {
		return err
	}
	q, body, err := a.opts.Quarantine.Get(c.Request().Context(), number)
	if err != nil {
		return quarantineProblem(err)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, quarantinedWebhook{q, base64.StdEncoding.EncodeToString(body)})
}

// dropQuarantined removes a webhook from quarantine.
func (a *API) dropQuarantined(c echo.Context) error {
	number, err := quarantineNumber(c)
	if err != nil {
		return err
	}
	if err := a.opts.Quarantine.Drop(c.Request().Context(), number); err != nil {
		return quarantineProblem(err)
	}
	return c.NoContent(http.StatusNoContent)
}

// retryQuarantined tries an entry of the quarantine again. A webhook is read again by its source.
func (a *API) retryQuarantined(c echo.Context) error {
	number, err := quarantineNumber(c)
	if err != nil {
		return err
	}
	if err := a.opts.Quarantine.Retry(c.Request().Context(), number, a.opts.RetrySubjects); err != nil {
		return quarantineProblem(err)
	}
	return c.NoContent(http.StatusNoContent)
}

func quarantineNumber(c echo.Context) (uint64, error) {
	number, err := strconv.ParseUint(c.Param("number"), 10, 64)
	if err != nil || number == 0 {
		return 0, problem.New(http.StatusUnprocessableEntity, "impossible", "The number of an entry is a whole number.")
	}
	return number, nil
}

func quarantineProblem(err error) error {
	if errors.Is(err, natsio.ErrNotInQuarantine) {
		return problem.New(http.StatusNotFound, "not-in-quarantine", "No entry of this number is in quarantine.")
	}
	if errors.Is(err, natsio.ErrStillUnread) {
		return problem.New(http.StatusConflict, "still-unread", err.Error()+"; it stays in quarantine.")
	}
	if errors.Is(err, connection.ErrNoReader) {
		return problem.New(http.StatusServiceUnavailable, "unavailable", "Ingest does not answer. Try again later.")
	}
	if errors.Is(err, natsio.ErrNotKept) {
		return problem.New(
			http.StatusConflict,
			"not-kept",
			"This entry cannot be tried again: its content is not kept, or cannot be decoded.",
		)
	}
	return err
}
