package httpapi

import (
	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/internal/keyrotation"
)

// rotateKeys seals with the newest key what is sealed with older ones, and writes a line
// after each batch. The last line says done; a reader can tell an end from a broken line.
func (a *API) rotateKeys(c echo.Context) error {
	out := newLines(c)
	return a.opts.Reseal(c.Request().Context(), func(p keyrotation.Progress) error { return out.encode(p) })
}
