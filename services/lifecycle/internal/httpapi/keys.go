package httpapi

import (
	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/internal/keyrotation"
)

// rotateKeys seals stored data with the newest key and writes a line after each batch. The last
// line has done: true, which distinguishes a complete response from a truncated one.
func (a *API) rotateKeys(c echo.Context) error {
	out := newLines(c)
	return a.opts.Reseal(c.Request().Context(), func(p keyrotation.Progress) error { return out.encode(p) })
}
