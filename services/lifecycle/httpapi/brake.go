package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/brake"
)

// brake shows whether the data that lapse with time are deleted, and why not.
func (a *API) brake(c echo.Context) error {
	if a.opts.Brake == nil {
		now := a.opts.Now().UTC()
		return c.JSON(http.StatusOK, brake.Status{Time: now, Machine: now})
	}
	return c.JSON(http.StatusOK, a.opts.Brake.Status())
}

// releaseBrake approves the time of the machine and all that has lapsed by then, and returns the state before.
func (a *API) releaseBrake(c echo.Context) error {
	if a.opts.Brake == nil {
		return a.brake(c)
	}
	before, err := a.opts.Brake.Approve(c.Request().Context())
	if err != nil {
		return err
	}
	a.opts.Log.Warn("a person approved the deletions that come with time", "reason", before.Reason)
	return c.JSON(http.StatusOK, before)
}
