package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/source"
)

// sources shows the sources with their webhooks, their history and what was missed.
func (a *API) sources(c echo.Context) error {
	var history []live.Coverage
	if a.opts.Live != nil {
		history = a.opts.Live.Coverage()
	}
	out, err := source.Read(c.Request().Context(), a.opts.Sources, history, a.opts.Connections, a.opts.Now())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
