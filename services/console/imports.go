package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/preview"
)

// importRun is an import of a history, or a dry run of one.
type importRun struct {
	State     string            `json:"state"`
	Stopping  bool              `json:"stopping"`
	Since     *time.Time        `json:"since"`
	File      string            `json:"file"`
	FileName  string            `json:"file_name"`
	Map       map[string]string `json:"map"`
	Set       map[string]string `json:"set"`
	Started   *time.Time        `json:"started"`
	Ended     *time.Time        `json:"ended"`
	Part      string            `json:"part"`
	Remaining int               `json:"remaining"`
	Waiting   string            `json:"waiting"`
	WaitUntil *time.Time        `json:"wait_until"`
	Fault     string            `json:"fault"`
	Error     string            `json:"error"`
	// Kept names the dry run for a preview; empty for none.
	Kept    string        `json:"kept"`
	Summary importSummary `json:"summary"`
}

// importSummary is what an import found.
type importSummary struct {
	Objects  int            `json:"objects"`
	Facts    int            `json:"facts"`
	Kinds    map[string]int `json:"kinds"`
	Faults   map[string]int `json:"faults"`
	Unlisted map[string]int `json:"unlisted"`
	Persons  int            `json:"persons"`
	Unkept   bool           `json:"unkept"`
	Rows     []struct {
		Row    int    `json:"row"`
		Reason string `json:"reason"`
	} `json:"rows"`
}

// UnderWay reports whether the run waits for the server or is being worked on.
func (r *importRun) UnderWay() bool {
	return r != nil && (r.State == "ordered" || r.State == "running" || r.State == "applying")
}

// Empty reports whether the run ended without a fact: nothing can be imported from what was read.
func (r *importRun) Empty() bool { return r != nil && r.State == "done" && r.Summary.Facts == 0 }

// Interrupted reports whether the run can go on.
func (r *importRun) Interrupted() bool {
	return r != nil && (r.State == "stopped" || r.State == "failed")
}

// order is what is imported, as an order.
func (r *importRun) order() map[string]any {
	out := map[string]any{}
	if r == nil {
		return out
	}
	if r.Since != nil {
		out["since"] = r.Since
	}
	if r.File != "" {
		out["file"], out["file_name"], out["map"], out["set"] = r.File, r.FileName, r.Map, r.Set
	}
	return out
}

// sourceImports is the last import of a source and its last dry run.
type sourceImports struct {
	Source   string     `json:"source"`
	Platform string     `json:"platform"`
	Reads    bool       `json:"reads"`
	DryRun   *importRun `json:"dry_run"`
	Import   *importRun `json:"import"`
}

// UnderWay reports whether the import or the dry run is under way.
func (s *sourceImports) UnderWay() bool { return s.DryRun.UnderWay() || s.Import.UnderWay() }

// outlook is what would follow at one recipient.
type outlook struct {
	Recipient, Category string
	// Now are the items that wait, Later those that lapse in the months to come.
	Now, Later int
}

// consequences are the preview of what an installation would do.
type consequences struct {
	preview.Preview
	live.Overview

	Incomplete string `json:"incomplete"`
	// Outlook sums up what waits and what lapses, by recipient and category.
	Outlook []outlook `json:"-"`
	// DryRun reports whether a dry run was counted in place of the stored persons.
	DryRun bool `json:"-"`
}

// sumUp fills Outlook.
func (e *consequences) sumUp() {
	at := map[[2]string]*outlook{}
	of := func(recipient, category string) *outlook {
		key := [2]string{recipient, category}
		if at[key] == nil {
			at[key] = &outlook{Recipient: recipient, Category: category}
		}
		return at[key]
	}
	for _, w := range e.Waiting {
		of(w.Recipient, w.Category).Now += w.Items
	}
	for i := range e.Months {
		for recipient, categories := range e.Months[i].Recipients {
			for category, n := range categories {
				of(recipient, category).Later += n
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(at), func(a, b [2]string) int {
		return slices.Compare(a[:], b[:])
	}) {
		e.Outlook = append(e.Outlook, *at[key])
	}
}

// importPage is the import of the history of one source.
type importPage struct {
	sourceImports

	Covered bool
	From    *time.Time
	// Live reports whether a recipient is notified of what the import causes, Observing whether one is not.
	Live, Observing bool
	// Effect and DryEffect, the preview of the stored persons and that of the dry run, are read only when asked for.
	Effect, DryEffect *consequences
}

func (v *visit) importHistory() error {
	p, err := v.importPage()
	if err != nil {
		return err
	}
	switch asked := v.r.URL.Query().Get("preview"); {
	case asked == "1":
		p.Effect, err = v.consequences("")
	case asked == "dry" && p.DryRun != nil && p.DryRun.Kept != "":
		p.DryEffect, err = v.consequences(p.DryRun.Kept)
	}
	if err != nil {
		return err
	}
	v.page(http.StatusOK, "import", v.say("import_of")+" "+p.Source, p)
	return nil
}

// consequences reads the preview of the stored persons, or of a dry run. All persons are evaluated, which takes longer
// than an answer usually may.
func (v *visit) consequences(dryRun string) (*consequences, error) {
	path, out := "/v1/preview", &consequences{DryRun: dryRun != ""}
	if out.DryRun {
		path += "?" + url.Values{"dry_run": {dryRun}}.Encode()
	}
	if err := v.api.long(v.r.Context(), path, out); err != nil {
		return nil, err
	}
	out.sumUp()
	return out, nil
}

func (v *visit) importPage() (*importPage, error) {
	p := &importPage{}
	var overview live.Overview
	ctx := v.r.Context()
	err := together(
		func() error { return v.api.get(ctx, importPath(v.r.PathValue("source"), ""), &p.sourceImports) },
		func() error { return v.api.get(ctx, "/v1/live", &overview) },
	)
	if err != nil {
		return nil, err
	}
	for _, c := range overview.Sources {
		if c.Source == p.Source {
			p.Covered, p.From = c.Covered, c.From
		}
	}
	p.Live, p.Observing = overview.AnyLive(), overview.Observing
	return p, nil
}

func importPath(source, rest string) string { return "/v1/imports/" + url.PathEscape(source) + rest }

// long is get without a limit of time.
func (a *api) long(ctx context.Context, path string, into any) error {
	res, err := a.do(ctx, a.following, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read
	return json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into)
}

// importAct starts, stops, or goes on with an import or a dry run.
func (v *visit) importAct() error {
	source := v.r.PathValue("source")
	var state sourceImports
	if err := v.api.get(v.r.Context(), importPath(source, ""), &state); err != nil {
		return err
	}
	var err error
	switch v.r.PathValue("act") {
	case "count":
		err = v.countHistory(source)
	case "upload":
		err = v.countFile(source)
	case "start": // what was counted is imported
		err = v.startImport(source, state.DryRun.order())
	case "resume":
		err = v.startImport(source, state.Import.order())
	case "restart":
		order := state.DryRun.order()
		order["restart"] = true
		err = v.startImport(source, order)
	case "stop":
		err = v.api.post(v.r.Context(), importPath(source, "/stop"), map[string]bool{"dry_run": state.DryRun.UnderWay()}, nil)
	default:
		err = errUnknown
	}
	if err != nil {
		return err
	}
	return v.redirect("/console/setup/" + url.PathEscape(source) + "/import")
}

// countHistory starts a dry run of the platform's interface.
func (v *visit) countHistory(source string) error {
	order := map[string]any{"dry_run": true}
	if text := v.r.PostFormValue("since"); text != "" {
		if err := v.checkDay(text); err != nil {
			return err
		}
		order["since"] = text // the interface knows the zone of the day
	}
	return v.api.post(v.r.Context(), importPath(source, ""), order, nil)
}

// maxUpload bounds a file that is uploaded by a form: the form is in memory.
const maxUpload = 30 << 20

// countFile uploads a file and starts a dry run of the file.
func (v *visit) countFile(source string) error {
	file, header, err := v.r.FormFile("file")
	if err != nil {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("import_no_file")}
	}
	defer func() { _ = file.Close() }() // read
	columns, err := v.pairs("columns")
	if err != nil {
		return err
	}
	values, err := v.pairs("values")
	if err != nil {
		return err
	}
	name := filepath.Base(header.Filename)
	var stored struct {
		File     string `json:"file"`
		FileName string `json:"file_name"`
	}
	path := importPath(source, "/file?name="+url.QueryEscape(name))
	if err := v.api.upload(v.r.Context(), path, file, &stored); err != nil {
		return err
	}
	return v.api.post(v.r.Context(), importPath(source, ""), map[string]any{
		"dry_run": true, "file": stored.File, "file_name": stored.FileName, "map": columns, "set": values,
	}, nil)
}

// pairs reads the lines of a field of a form, each with a sign of equality.
func (v *visit) pairs(field string) (map[string]string, error) {
	out := map[string]string{}
	for line := range strings.Lines(v.r.PostFormValue(field)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		at := strings.LastIndex(line, "=")
		if at <= 0 || at == len(line)-1 {
			return nil, &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("import_pairs")}
		}
		out[strings.TrimSpace(line[:at])] = strings.TrimSpace(line[at+1:])
	}
	return out, nil
}

// startImport imports. While recipients are notified, the form says so and the owner agrees.
func (v *visit) startImport(source string, order map[string]any) error {
	var overview live.Overview
	if err := v.api.get(v.r.Context(), "/v1/live", &overview); err != nil {
		return err
	}
	if overview.AnyLive() && v.r.PostFormValue("agreed") == "" {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("import_agree_missing")}
	}
	return v.api.post(v.r.Context(), importPath(source, ""), order, nil)
}

// upload sends a body as it is.
func (a *api) upload(ctx context.Context, path string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := a.send(a.following, req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read
	return json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into)
}

// importEvents passes the progress of an import on to the browser, as server-sent events with a piece of the page,
// until nothing is under way; then the page loads itself anew.
func (v *visit) importEvents() error {
	ctx := v.r.Context()
	path := importPath(v.r.PathValue("source"), "?follow=1")
	res, err := v.api.do(ctx, v.api.following, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // ends with the import or with the browser
	out, err := v.beginEvents()
	if err != nil {
		return ignore(err)
	}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		p := importPage{}
		if json.Unmarshal(lines.Bytes(), &p.sourceImports) != nil {
			continue
		}
		if err := errors.Join(v.event("import", "progress", "runs", &p), out.Flush()); err != nil {
			return ignore(err)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	_, err = io.WriteString(v.w, "event: ended\ndata: -\n\n")
	return ignore(errors.Join(err, out.Flush()))
}
