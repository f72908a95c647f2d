package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// scopeConsole is the scope of the console. No token can be given this scope alone: the console needs all scopes.
const scopeConsole = "console"

// Records keep what the replicas of the console share; see natsio.Records.
type Records interface {
	Get(ctx context.Context, name string) (natsio.Record, error)
	Put(ctx context.Context, r natsio.Record) (uint64, error)
	Drop(ctx context.Context, name string) error
	List(ctx context.Context, prefix string) ([]natsio.Record, error)
}

// recordRequest is a record to store.
type recordRequest struct {
	Value    string `json:"value"    validate:"required,max=12000"`
	Revision uint64 `json:"revision"`
}

const recordExample = `{"value": "…", "revision": 0}`

// recordName returns the name of the path: letters, digits, dots, dashes and underscores.
func recordName(c echo.Context) (string, error) {
	name := c.Param("name")
	const most = 120
	if len(name) > most || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return "", problem.New(http.StatusUnprocessableEntity, "impossible", "This is no name of a record.")
	}
	return name, nil
}

// records lists the records of the console whose names begin with a prefix.
func (a *API) records(c echo.Context) error {
	list, err := a.opts.Records.List(c.Request().Context(), c.QueryParam("prefix"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"records": list})
}

func (a *API) consoleRecord(c echo.Context) error {
	name, err := recordName(c)
	if err != nil {
		return err
	}
	r, err := a.opts.Records.Get(c.Request().Context(), name)
	if err != nil {
		return recordProblem(err)
	}
	return c.JSON(http.StatusOK, r)
}

func (a *API) putRecord(c echo.Context) error {
	name, err := recordName(c)
	if err != nil {
		return err
	}
	var req recordRequest
	if err := a.read(c, &req, recordExample); err != nil {
		return err
	}
	next, err := a.opts.Records.Put(c.Request().Context(), natsio.Record{
		Name: name, Value: req.Value, Revision: req.Revision,
	})
	if err != nil {
		return recordProblem(err)
	}
	return c.JSON(http.StatusOK, natsio.Record{Name: name, Value: req.Value, Revision: next})
}

func (a *API) dropRecord(c echo.Context) error {
	name, err := recordName(c)
	if err != nil {
		return err
	}
	if err := a.opts.Records.Drop(c.Request().Context(), name); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func recordProblem(err error) error {
	switch {
	case errors.Is(err, natsio.ErrNoRecord):
		return problem.New(http.StatusNotFound, "no-record", "There is no such record.")
	case errors.Is(err, natsio.ErrRecordConflict):
		return problem.New(http.StatusConflict, "conflict", "The record was changed meanwhile.")
	}
	return err
}

// passkeysState is the name of the document with the passkeys of the console.
const passkeysState = "console passkeys"

// passkeys are the passkeys of the users of the console: public keys, by user, in the words of the console.
type passkeys struct {
	Passkeys string `json:"passkeys"`
}

// passkeysRequest stores passkeys in place of those that the console has read; empty where there were none.
type passkeysRequest struct {
	Passkeys string `json:"passkeys" validate:"max=100000"`
	Former   string `json:"former"   validate:"max=100000"`
}

//nolint:gosec // no credentials
const passkeysExample = `{"passkeys": "{}", "former": ""}`

// showPasskeys answers with the passkeys, which are in the database and in its backups.
func (a *API) showPasskeys(c echo.Context) error {
	out, err := store.ReadState[passkeys](c.Request().Context(), a.opts.State, passkeysState)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// setPasskeys stores the passkeys, unless another user changed them meanwhile.
func (a *API) setPasskeys(c echo.Context) error {
	var req passkeysRequest
	if err := a.readUpTo(c, &req, passkeysExample, maxPasskeys); err != nil {
		return err
	}
	doc, err := store.ReplaceState(c.Request().Context(), a.opts.State, passkeysState,
		passkeys{req.Former}, passkeys{req.Passkeys})
	if errors.Is(err, store.ErrConflict) {
		return problem.New(http.StatusConflict, "conflict", "The passkeys were changed meanwhile.")
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, doc)
}

// maxPasskeys bounds the document of the passkeys, in bytes.
const maxPasskeys = 256 << 10
