package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/source"
)

// ScopeHistory opens the imports of histories.
const ScopeHistory = "history"

// Imports keep the orders of imports, which ingest carries out, and uploaded files.
type Imports interface {
	Import(ctx context.Context, source string, dryRun bool) (connection.Import, error)
	ChangeImport(
		ctx context.Context, source string, dryRun bool, alter func(*connection.Import) bool,
	) (connection.Import, error)
	PutFile(ctx context.Context, id string, content io.Reader) error
}

// importRun is an import, or a dry run of one.
type importRun struct {
	State connection.ImportState `json:"state"`
	// Stopping reports whether the import was told to stop and has not stopped yet.
	Stopping bool       `json:"stopping,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	File     string     `json:"file,omitempty"`
	FileName string     `json:"file_name,omitempty"`
	// Map and Set say what the columns of the file are.
	Map     map[string]string `json:"map,omitempty"`
	Set     map[string]string `json:"set,omitempty"`
	Ordered *time.Time        `json:"ordered,omitempty"`
	Started *time.Time        `json:"started,omitempty"`
	Ended   *time.Time        `json:"ended,omitempty"`
	// Part is what is read, Remaining the number of its objects that are not read; 0 when unknown.
	Part      string `json:"part,omitempty"`
	Remaining int    `json:"remaining,omitempty"`
	// Waiting is the kind of cause for which the import waits until WaitUntil.
	Waiting   string     `json:"waiting,omitempty"`
	WaitUntil *time.Time `json:"wait_until,omitempty"`
	// Fault is the kind of the fault of a failed import, and Error says what is wrong and what to do.
	Fault string `json:"fault,omitempty"`
	Error string `json:"error,omitempty"`
	// Kept names the dry run for GET /v1/preview, while the facts that it read are kept.
	Kept string `json:"kept,omitempty"`
	// Summary is what was found so far.
	Summary json.RawMessage `json:"summary,omitempty"`
}

// sourceImports is the last import of a source and its last dry run.
type sourceImports struct {
	Source   string `json:"source"`
	Platform string `json:"platform"`
	// Reads reports whether the configuration has an access to the platform; without one a file can be imported.
	Reads  bool       `json:"reads"`
	DryRun *importRun `json:"dry_run,omitempty"`
	Import *importRun `json:"import,omitempty"`
}

func (s *sourceImports) isUnderWay() bool {
	for _, run := range []*importRun{s.DryRun, s.Import} {
		if run != nil && slices.Contains([]connection.ImportState{
			connection.ImportOrdered, connection.ImportRunning, connection.ImportApplying,
		}, run.State) {
			return true
		}
	}
	return false
}

func runOf(i *connection.Import, now time.Time) *importRun {
	if i.State == "" {
		return nil
	}
	kept := i.Kept
	if i.State != connection.ImportDone || !i.Ended.Add(dryrun.Kept).After(now) {
		kept = "" // not whole, or no longer there
	}
	return &importRun{
		Kept:      kept,
		State:     i.State,
		Stopping:  i.Stop && i.IsUnderWay(),
		Since:     someTime(i.Since),
		File:      i.File,
		FileName:  i.FileName,
		Map:       i.Map,
		Set:       i.Set,
		Ordered:   someTime(i.Ordered),
		Started:   someTime(i.Started),
		Ended:     someTime(i.Ended),
		Part:      i.Part,
		Remaining: i.Remaining,
		Waiting:   i.Waiting,
		WaitUntil: someTime(i.WaitUntil),
		Fault:     i.Fault,
		Error:     i.Error,
		Summary:   i.Summary,
	}
}

// someTime is a time; nil for none.
func someTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// importsOf reads the imports of a source.
func (a *API) importsOf(ctx context.Context, s *source.Configured) (sourceImports, error) {
	out := sourceImports{Source: s.ID, Platform: s.Platform, Reads: s.Reads}
	dry, err := a.opts.Imports.Import(ctx, s.ID, true)
	if err != nil {
		return out, err
	}
	last, err := a.opts.Imports.Import(ctx, s.ID, false)
	out.DryRun, out.Import = runOf(&dry, a.opts.Now()), runOf(&last, a.opts.Now())
	return out, err
}

// imports lists the sources with their last imports.
func (a *API) imports(c echo.Context) error {
	out := map[string][]sourceImports{"imports": {}}
	for i := range a.opts.Sources {
		s, err := a.importsOf(c.Request().Context(), &a.opts.Sources[i])
		if err != nil {
			return err
		}
		out["imports"] = append(out["imports"], s)
	}
	return c.JSON(http.StatusOK, out)
}

// sourceOf returns the source of the path.
func (a *API) sourceOf(c echo.Context) (*source.Configured, error) {
	n := slices.IndexFunc(a.opts.Sources, func(s source.Configured) bool { return s.ID == c.Param("source") })
	if n < 0 {
		return nil, problem.New(http.StatusNotFound, "unknown-source", "The configuration has no source with this id.")
	}
	return &a.opts.Sources[n], nil
}

// importState answers with the imports of a source. With follow=1 each change is a line, until nothing is under way.
func (a *API) importState(c echo.Context) error {
	s, err := a.sourceOf(c)
	if err != nil {
		return err
	}
	if c.QueryParam("follow") == "1" {
		return a.followImport(c, s)
	}
	out, err := a.importsOf(c.Request().Context(), s)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// followEvery is how often the note about an import is looked at for those who follow.
const followEvery = 500 * time.Millisecond

func (a *API) followImport(c echo.Context, s *source.Configured) error {
	ctx := c.Request().Context()
	out, err := a.importsOf(ctx, s)
	if err != nil {
		return err
	}
	lines, last := newLines(c), []byte(nil)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		data, err := json.Marshal(out)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, last) {
			if err := lines.write(data); err != nil {
				return ignoreLeft(ctx, err)
			}
			last = data
		}
		if !out.isUnderWay() {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if out, err = a.importsOf(ctx, s); err != nil {
			return ignoreLeft(ctx, err)
		}
	}
}

// importRequest orders an import.
type importRequest struct {
	// DryRun reads and counts, and stores nothing.
	DryRun bool `json:"dry_run"`
	// Since leaves out what did not change since an instant or the begin of a day; absent for everything.
	Since *moment `json:"since"`
	// File is the id of an uploaded file, and FileName its name.
	File     string `json:"file"      validate:"max=64"`
	FileName string `json:"file_name" validate:"max=200,required_with=File"`
	// Map names the fields of columns, and Set the values of fields that no column has.
	Map map[string]string `json:"map" validate:"max=100,dive,keys,max=200,endkeys,max=100"`
	Set map[string]string `json:"set" validate:"max=100,dive,keys,max=100,endkeys,max=500"`
	// Restart begins anew, also when another import was interrupted.
	Restart bool `json:"restart"`
}

func (r *importRequest) order(zone *time.Location) connection.ImportOrder {
	out := connection.ImportOrder{File: r.File, FileName: r.FileName, Map: r.Map, Set: r.Set}
	if r.Since != nil {
		out.Since = r.Since.since(zone).UTC()
	}
	return out
}

const importExample = `{"dry_run": true, "since": "2019-01-01T00:00:00Z"}`

// startImport orders an import, or lets an interrupted one go on.
func (a *API) startImport(c echo.Context) error {
	s, err := a.sourceOf(c)
	if err != nil {
		return err
	}
	var req importRequest
	if err := a.read(c, &req, importExample); err != nil {
		return err
	}
	if concern(c, s.ID); req.DryRun {
		c.Set(actNone, true)
	}
	if req.File == "" && !s.Reads {
		return problem.New(http.StatusUnprocessableEntity, "no-access",
			"The configuration has no access to the platform of this source: add read to the source, or upload a file.")
	}
	if req.File != "" && !isTable(req.FileName) {
		return errTable()
	}
	var refused error
	_, err = a.opts.Imports.ChangeImport(c.Request().Context(), s.ID, req.DryRun, func(i *connection.Import) bool {
		refused = a.orderOn(i, &req)
		return refused == nil
	})
	if err != nil || refused != nil {
		return cmp.Or(refused, a.importFault(err))
	}
	a.opts.Log.Warn("an import was ordered", "source", s.ID, "dry_run", req.DryRun, "file", req.File != "")
	return a.importState(c)
}

// importFault is the problem of an order or a file that cannot be stored; nil for no error.
func (a *API) importFault(err error) error {
	if dryrun.IsFull(err) || errors.Is(err, syscall.ENOSPC) {
		return a.diskFull(err)
	}
	return err
}

// orderOn writes an order into the note about the last import, which goes on if it was interrupted and is the same.
func (a *API) orderOn(i *connection.Import, req *importRequest) error {
	if i.IsUnderWay() {
		return problem.New(http.StatusConflict, "under-way", "An import of this source is under way: stop that first.")
	}
	order := req.order(a.opts.Policy.Place.Zone)
	interrupted := i.State == connection.ImportStopped || i.State == connection.ImportFailed
	same := i.Since.Equal(order.Since) && i.File == order.File && maps.Equal(i.Map, order.Map) &&
		maps.Equal(i.Set, order.Set)
	if !req.DryRun && interrupted && same && !req.Restart {
		i.State, i.Stop, i.Fault, i.Error, i.Ended = connection.ImportOrdered, false, "", "", time.Time{}
		return nil
	}
	if !req.DryRun && interrupted && !req.Restart && len(i.Cursor) > 0 {
		return problem.New(http.StatusConflict, "interrupted",
			"Another import of this source was interrupted: repeat its since and its file, or send restart.")
	}
	*i = connection.Import{
		ImportOrder: order, State: connection.ImportOrdered, Ordered: a.opts.Now().UTC(), Kept: i.Kept, // to be removed
	}
	return nil
}

// stopRequest stops an import.
type stopRequest struct {
	DryRun bool `json:"dry_run"`
}

const stopExample = `{"dry_run": false}`

// stopImport stops an import. What was read is stored, and the same order goes on from there.
func (a *API) stopImport(c echo.Context) error {
	s, err := a.sourceOf(c)
	if err != nil {
		return err
	}
	var req stopRequest
	if err := a.read(c, &req, stopExample); err != nil {
		return err
	}
	concern(c, s.ID)
	now := a.opts.Now()
	_, err = a.opts.Imports.ChangeImport(c.Request().Context(), s.ID, req.DryRun, func(i *connection.Import) bool {
		switch {
		case i.State == connection.ImportRunning && i.Lease.After(now):
			i.Stop = true
		case i.State == connection.ImportOrdered, i.State == connection.ImportRunning:
			i.State, i.Stop, i.Ended = connection.ImportStopped, false, now.UTC()
		default:
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	return a.importState(c)
}

// maxFile bounds an uploaded file, in bytes.
const maxFile = 64 << 20

func isTable(name string) bool {
	return slices.Contains([]string{".csv", ".json"}, strings.ToLower(filepath.Ext(name)))
}

func errTable() error {
	return problem.New(http.StatusUnprocessableEntity, "impossible", "The name of the file must end with .csv or .json.")
}

// uploadFile stores a file for an import, for seven days at most.
func (a *API) uploadFile(c echo.Context) error {
	s, err := a.sourceOf(c)
	if err != nil {
		return err
	}
	concern(c, s.ID)
	name := filepath.Base(c.QueryParam("name"))
	if !isTable(name) {
		return errTable()
	}
	content := http.MaxBytesReader(c.Response(), c.Request().Body, maxFile)
	id := rand.Text()
	if err := a.opts.Imports.PutFile(c.Request().Context(), id, content); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return problem.New(http.StatusRequestEntityTooLarge, "too-large",
				"The file has more than 64 MiB: divide it, or import it on the command line.")
		}
		return a.importFault(err)
	}
	return c.JSON(http.StatusOK, map[string]string{"file": id, "file_name": name})
}
