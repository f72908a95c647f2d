package httpapi

import (
	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/background"
)

// rotateKeys seals stored data with the newest key and writes a line after each batch. Only a
// complete run ends with a line with done: true.
func (a *API) rotateKeys(c echo.Context) error {
	out := newLines(c)
	return a.opts.Reseal(c.Request().Context(), func(p background.RotationProgress) error { return out.encode(p) })
}
