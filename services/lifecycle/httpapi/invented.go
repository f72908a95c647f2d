package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/invented"
)

// Invented knows the persons that the demo invented.
type Invented interface {
	Count(ctx context.Context) (int, error)
	Add(ctx context.Context, addresses []string, despite bool) error
	Remove(ctx context.Context) (invented.Removed, error)
}

// inventedRequest registers invented persons.
type inventedRequest struct {
	// Persons are the addresses.
	Persons []string `json:"persons" validate:"required,min=1,max=100,dive,max=320"`
	// DespiteLive reports whether the persons may reach recipients of an installation that does not observe.
	DespiteLive bool `json:"despite_live"`
}

const inventedExample = `{"persons": ["ala@example.com"]}`

// showInvented counts the invented persons.
func (a *API) showInvented(c echo.Context) error {
	n, err := a.opts.Invented.Count(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"persons": n})
}

// addInvented registers invented persons before their first fact. Nobody is registered while a recipient is notified.
func (a *API) addInvented(c echo.Context) error {
	var req inventedRequest
	if err := a.read(c, &req, inventedExample); err != nil {
		return err
	}
	a.orders.Lock()
	defer a.orders.Unlock()
	if err := a.mayInvent(req.DespiteLive); err != nil {
		return err
	}
	err := a.opts.Invented.Add(c.Request().Context(), req.Persons, req.DespiteLive)
	if errors.Is(err, invented.ErrReal) || errors.Is(err, invented.ErrKnown) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()+".")
	}
	if err != nil {
		return err
	}
	return a.showInvented(c)
}

// mayInvent returns why no person may be invented now: a recipient would be notified of the person.
func (a *API) mayInvent(despite bool) error {
	switch {
	case !a.overview().AnyLive():
		return nil
	case !a.opts.Live.AtOnce():
		return problem.New(http.StatusConflict, "live",
			"A recipient is notified, so invented persons would reach a real system. Use a data directory of its own "+
				"(--data), or run rodopath observe first.")
	case !despite:
		return problem.New(http.StatusConflict, "live",
			"The configuration says observe: false, so every recipient is notified of the invented persons. Use a data "+
				"directory of its own (--data), or agree with rodopath demo --yes.")
	}
	return nil
}

// removeInvented removes the invented persons.
func (a *API) removeInvented(c echo.Context) error {
	removed, err := a.opts.Invented.Remove(c.Request().Context())
	if err != nil {
		return err
	}
	a.opts.Log.Warn("the invented persons of the demo were removed", "removed", removed.Removed, "kept", removed.Kept)
	return c.JSON(http.StatusOK, removed)
}

// errInvented means that recipients would be notified of invented persons.
func errInvented() error {
	return problem.New(http.StatusConflict, "invented",
		"Invented persons of the demo are stored, and recipients would be notified of them. Remove them first: "+
			"rodopath demo remove.")
}
