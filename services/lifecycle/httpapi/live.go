package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	evaluation "github.com/rodopath/rodopath/services/lifecycle/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/preview"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Live knows which recipients are notified.
type Live interface {
	Status() []live.Opened
	GoLive(ctx context.Context, recipients, kinds []string) error
	Observe(ctx context.Context, recipients, kinds []string) error
	Releasing() bool
	Coverage() []live.Coverage
	Cover(ctx context.Context, source string, c live.Covered) error
	// AtOnce reports whether the configuration notifies every recipient from the start.
	AtOnce() bool
}

// overview is the state of the recipients and of the sources.
func (a *API) overview() live.Overview {
	out := live.Overview{Recipients: []live.Opened{}, Sources: []live.Coverage{}}
	if a.opts.Live == nil {
		return out
	}
	out.Recipients, out.Releasing, out.Sources = a.opts.Live.Status(), a.opts.Live.Releasing(), a.opts.Live.Coverage()
	for _, o := range out.Recipients {
		out.Observing = out.Observing || !o.Live
	}
	return out
}

// showLive shows which recipients are notified.
func (a *API) showLive(c echo.Context) error { return c.JSON(http.StatusOK, a.overview()) }

// liveRequest orders which recipients are notified.
type liveRequest struct {
	// Recipients are ids; empty means all.
	Recipients []string `json:"recipients" validate:"max=2000,dive,max=40"`
	// Kinds are kinds of decisions; empty means all that the recipient accepts.
	Kinds []string `json:"kinds" validate:"max=2,dive,oneof=delete ask-consent"`
	// Observe reports whether the recipients are no longer notified.
	Observe bool `json:"observe"`
}

const liveExample = `{"recipients": ["crm"], "kinds": ["delete"]}`

// goLive notifies recipients from now on, or no longer. The decisions that waited are released in the background.
func (a *API) goLive(c echo.Context) error {
	var req liveRequest
	if err := a.read(c, &req, liveExample); err != nil {
		return err
	}
	if a.opts.Live == nil {
		return a.showLive(c)
	}
	a.orders.Lock()
	defer a.orders.Unlock()
	order := a.opts.Live.GoLive
	if req.Observe {
		order = a.opts.Live.Observe
	} else if n, err := a.opts.Invented.Count(c.Request().Context()); err != nil {
		return err
	} else if n > 0 {
		return errInvented()
	}
	err := order(c.Request().Context(), req.Recipients, req.Kinds)
	if errors.Is(err, live.ErrUnknown) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()+".")
	}
	if err != nil {
		return err
	}
	if !req.Observe && a.opts.Brake != nil { // what waited was shown by the preview
		if err := a.opts.Brake.ApproveNews(c.Request().Context()); err != nil {
			return err
		}
	}
	a.opts.Log.Warn("the controller ordered which recipients are notified",
		"recipients", req.Recipients, "kinds", req.Kinds, "observe", req.Observe)
	return a.showLive(c)
}

// coverRequest states how far back it is known what happened at a source.
type coverRequest struct {
	Source string `json:"source" validate:"required,max=40"`
	// From is the instant or the day from which on everything is known; absent for all times.
	From *moment `json:"from"`
	// How says how the history became known: "stated" (empty means this) or "import".
	How live.How `json:"how" validate:"omitempty,oneof=stated import"`
}

const coverExample = `{"source": "shop", "from": "2019-01-01T00:00:00Z"}`

// cover records the statement of the controller that nothing of the history of a source is missing.
func (a *API) cover(c echo.Context) error {
	var req coverRequest
	if err := a.read(c, &req, coverExample); err != nil {
		return err
	}
	if concern(c, req.Source); a.opts.Live == nil {
		return a.showLive(c)
	}
	covered := live.Covered{At: a.opts.Now().UTC(), How: cmp.Or(req.How, live.CoveredByStatement)}
	if req.From != nil {
		covered.From = req.From.since(a.opts.Policy.Place.Zone).UTC()
	}
	err := a.opts.Live.Cover(c.Request().Context(), req.Source, covered)
	if errors.Is(err, live.ErrSource) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "The configuration has no platform with this id.")
	}
	if err != nil {
		return err
	}
	a.opts.Log.Warn("the history of a source is known from now on", "source", req.Source, "how", string(covered.How))
	return a.showLive(c)
}

// The months of a preview.
const (
	previewMonths    = 12
	maxPreviewMonths = 120
)

// DryRuns evaluate the facts that a dry run of an import read, apart from the stored persons. The errors are those of
// lifecycle/dryrun and internal/dryrun.
type DryRuns interface {
	Walk(ctx context.Context, id string, visit func(*lifecycle.Subject) error) error
	// Drop removes the facts; none are no error.
	Drop(ctx context.Context, id string) error
}

// dropDryRun removes the facts that a dry run kept for a preview, once nobody asks for the preview any more.
func (a *API) dropDryRun(c echo.Context) error {
	if err := a.opts.DryRuns.Drop(c.Request().Context(), c.QueryParam("dry_run")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// preview counts what the installation would do, or, with ?dry_run=, what would follow from the history that a dry run
// read, if nobody were stored.
func (a *API) preview(c echo.Context) error {
	months := previewMonths
	if text := c.QueryParam("months"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPreviewMonths {
			return problem.New(http.StatusUnprocessableEntity, "impossible", "months must be from 1 to 120.")
		}
		months = n
	}
	ctx, counter := c.Request().Context(), preview.NewCounter(a.opts.Policy, a.opts.Now(), months)
	count := func(s *lifecycle.Subject) error {
		counter.Add(s)
		return nil
	}
	var err error
	id := c.QueryParam("dry_run")
	if id == "" {
		err = a.walk(ctx, count)
	} else {
		err = a.opts.DryRuns.Walk(ctx, id, count)
		if failed := a.dryRunProblem(err); failed != nil {
			return failed
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		preview.Preview
		live.Overview
		// DryRun is the dry run whose history was counted in place of the stored persons; absent for these.
		DryRun string `json:"dry_run,omitempty"`
		// Incomplete says which persons are missing, and why; absent for none.
		Incomplete string `json:"incomplete,omitempty"`
	}{counter.Preview(), a.overview(), id, a.incomplete(err)})
}

// diskFull is the problem of a disk without room, which is logged with its cause.
func (a *API) diskFull(err error) error {
	a.opts.Log.Error("the disk is full", "error", err)
	return problem.New(http.StatusInsufficientStorage, "disk-full",
		"The disk of the server is full, so nothing was counted or stored. Free some space, and repeat this.")
}

// dryRunProblem is the problem of a dry run that cannot be counted; nil for none, and for persons that are damaged.
func (a *API) dryRunProblem(err error) error {
	switch {
	case errors.Is(err, dryrun.ErrGone):
		return problem.New(http.StatusNotFound, "no-dry-run",
			"The facts of this dry run are no longer there: start another dry run.")
	case errors.Is(err, evaluation.ErrBusy):
		return problem.New(http.StatusConflict, "busy", "Another dry run is being counted. Ask again when that is done.")
	}
	if errors.Is(err, evaluation.ErrFull) {
		return a.diskFull(err)
	}
	if errors.Is(err, evaluation.ErrNoDirectory) {
		a.opts.Log.Error("a dry run cannot be counted", "error", err)
		return problem.New(http.StatusServiceUnavailable, "no-directory",
			"There is no directory in which the dry run can be counted: give lifecycle a writable /tmp, or --data.")
	}
	_, err = store.SplitDamaged(err)
	return err
}
