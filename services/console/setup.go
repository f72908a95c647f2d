package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/source"
)

// delivery is a webhook that was applied, without anything personal.
type delivery struct {
	Source   string         `json:"source"`
	Received time.Time      `json:"received"`
	Applied  time.Time      `json:"applied"`
	Kinds    map[string]int `json:"kinds"`
}

// KindIDs are the kinds of the facts, sorted.
func (d delivery) KindIDs() []string {
	var out []string
	for kind := range d.Kinds {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

// sourceState is a source with its history, its last webhooks and its faults.
type sourceState struct {
	Source     string     `json:"source"`
	Platform   string     `json:"platform"`
	Deliveries []delivery `json:"deliveries"`
	// Known reports whether the platform has a history; Covered whether that is known, From since when.
	Known, Covered bool
	From           *time.Time
	Faults         []string
	// Aside are the first entries of the quarantine, at most asideShown, and MoreAside the number behind which there are
	// more; 0 for none.
	Aside     []quarantined
	MoreAside uint64
	// Last is the time of the last webhook with a valid signature; nil for none. An import is no webhook.
	Last *time.Time
	// Refusals are the last refused webhooks, the latest first.
	Refusals []connection.Refusal
}

// quarantined is a webhook that could not be processed.
type quarantined struct {
	Number   uint64    `json:"number"`
	Kind     string    `json:"kind"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Reason   string    `json:"reason"`
	Topic    string    `json:"topic"`
	Kept     bool      `json:"kept"`
}

// asideShown bounds the entries of the quarantine on a page.
const asideShown = 20

// setAside is the number of entries of the quarantine; 0 when it cannot be read.
func (a *api) setAside(ctx context.Context) int {
	var all struct {
		Count int `json:"count"`
	}
	if a.get(ctx, "/v1/quarantine/count", &all) != nil {
		return 0
	}
	return all.Count
}

// quarantined lists what is set aside of a source behind a number, and the number behind which there is more; nothing
// when the list cannot be read.
func (a *api) quarantined(ctx context.Context, source, after string) (out []quarantined, more uint64) {
	ask := url.Values{"source": {source}, "after": {after}, "limit": {strconv.Itoa(asideShown + 1)}}
	data, err := a.text(ctx, http.MethodGet, "/v1/quarantine?"+ask.Encode(), nil)
	if err != nil {
		return nil, 0
	}
	for line := range bytes.Lines(data) {
		var q quarantined
		if json.Unmarshal(line, &q) == nil && q.Number > 0 {
			out = append(out, q)
		}
	}
	if len(out) > asideShown {
		out = out[:asideShown]
		more = out[asideShown-1].Number
	}
	return out, more
}

// setupPage shows recipients and sources.
type setupPage struct {
	Live    live.Overview
	Brake   brake
	Sources []sourceState
	// Waiting is the number of persons with deletions that wait, At those of each recipient.
	Waiting  int
	At       map[string]int
	Products productsPart
}

func (v *visit) setup() error { return v.showSetup(http.StatusOK, nil) }

// showSetup shows the set-up. wrong is the form of a product that was sent with a fault, or nil.
func (v *visit) showSetup(status int, wrong *wrongProduct) error {
	p := setupPage{At: map[string]int{}}
	ctx := v.r.Context()
	var all counts
	err := together(
		func() error { return v.api.get(ctx, "/v1/live", &p.Live) },
		func() error { return v.api.get(ctx, "/v1/brake", &p.Brake) },
		func() error { return v.api.get(ctx, "/v1/counts", &all) },
		func() error { var err error; p.Sources, err = v.sourceStates(); return err },
		func() error { var err error; p.Products, err = v.products(wrong); return err },
	)
	if err != nil {
		return err
	}
	for i := range p.Sources {
		p.Sources[i].cover(p.Live.Sources)
	}
	p.Waiting, p.Products.Buyers = all.Labels["decision:delete:held"], all.Labels["unlisted"]
	for _, r := range p.Live.Recipients {
		p.At[r.Recipient+":"+r.Kind] = all.Labels["decision:"+r.Kind+":held:"+r.Recipient]
	}
	v.page(status, "setup", v.say("setup"), &p)
	return nil
}

// sourceStates are the sources with their last webhooks, faults and quarantined webhooks.
func (v *visit) sourceStates() ([]sourceState, error) {
	var list struct {
		Sources []sourceState `json:"sources"`
	}
	ctx := v.r.Context()
	var known []source.Source
	err := together(
		func() error { return v.api.get(ctx, "/v1/deliveries", &list) },
		func() (err error) { known, err = v.api.connections(ctx); return err },
	)
	if err != nil {
		return nil, err
	}
	for i := range list.Sources {
		s := &list.Sources[i]
		for k := range known {
			if known[k].Source != s.Source {
				continue
			}
			s.Refusals, s.Last = known[k].Webhooks.Refusals, known[k].Webhooks.Last
			for _, f := range known[k].Faults {
				s.Faults = append(s.Faults, f.Kind)
			}
		}
		s.Aside, s.MoreAside = v.api.quarantined(ctx, s.Source, "")
	}
	return list.Sources, nil
}

// cover notes how far back the history of the source is known.
func (s *sourceState) cover(known []live.Coverage) {
	for _, c := range known {
		if c.Source == s.Source {
			s.Known, s.Covered, s.From = true, c.Covered, c.From
		}
	}
}

// sourcePage is the set-up of one source, step by step.
type sourcePage struct {
	sourceState
	Live live.Overview
}

func (v *visit) source() error {
	var p sourcePage
	states, err := v.sourceStates()
	if err != nil {
		return err
	}
	n := slices.IndexFunc(states, func(s sourceState) bool { return s.Source == v.r.PathValue("source") })
	if n < 0 {
		return errUnknown
	}
	if err := v.api.get(v.r.Context(), "/v1/live", &p.Live); err != nil {
		return err
	}
	p.sourceState = states[n]
	if after := v.r.URL.Query().Get("aside"); after != "" {
		p.Aside, p.MoreAside = v.api.quarantined(v.r.Context(), p.Source, after)
	}
	p.cover(p.Live.Sources)
	v.page(http.StatusOK, "source", v.say("source")+" "+p.Source, p)
	return nil
}

// goLive notifies recipients from now on, or no longer.
func (v *visit) goLive() error {
	act := v.r.PostFormValue("act")
	if act != "live" && act != "observe" {
		return v.noOption()
	}
	kinds := []string{string(stream.KindDelete), string(stream.KindAskConsent)}
	if err := v.checkOption(v.r.PostFormValue("kind"), kinds...); err != nil {
		return err
	}
	order := map[string]any{"observe": act == "observe"}
	if id := v.r.PostFormValue("recipient"); id != "" {
		order["recipients"] = []string{id}
	}
	if kind := v.r.PostFormValue("kind"); kind != "" {
		order["kinds"] = []string{kind}
	}
	if err := v.api.post(v.r.Context(), "/v1/live", order, nil); err != nil {
		return err
	}
	return v.again("/console/setup")
}

// cover states that nothing of the history of a source is missing.
func (v *visit) cover() error {
	err := v.api.post(v.r.Context(), "/v1/coverage", map[string]string{"source": v.r.PostFormValue("source")}, nil)
	if err != nil {
		return err
	}
	return v.again("/console/setup")
}

func (v *visit) releaseBrake() error {
	if err := v.api.post(v.r.Context(), "/v1/brake/release", struct{}{}, nil); err != nil {
		return err
	}
	return v.redirect("/console/")
}

// quarantine retries or drops a webhook that is set aside.
func (v *visit) quarantine() error {
	number, err := strconv.ParseUint(v.r.PostFormValue("number"), 10, 64)
	act := v.r.PostFormValue("act")
	if err != nil || act != "retry" && act != "drop" {
		return v.noOption()
	}
	method, path := http.MethodDelete, "/v1/quarantine/"+strconv.FormatUint(number, 10)
	if act == "retry" {
		method, path = http.MethodPost, path+"/retry"
	}
	_, err = v.api.text(v.r.Context(), method, path, nil)
	if r, ok := errors.AsType[*refusal](err); ok {
		switch r.Status {
		case http.StatusConflict:
			return &refusal{Status: r.Status, Detail: v.say("quarantine_still")}
		case http.StatusNotFound:
			return &refusal{Status: r.Status, Detail: v.say("quarantine_gone")}
		}
	}
	if err != nil {
		return err
	}
	return v.again("/console/setup")
}

// events passes the webhooks that come on to the browser, as server-sent events with a piece of a page, until the
// browser leaves.
func (v *visit) events() error {
	ctx := v.r.Context()
	res, err := v.api.do(ctx, v.api.following, http.MethodGet, "/v1/deliveries?follow=1", nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // ends with the browser
	out, err := v.beginEvents()
	if err != nil {
		return ignore(err)
	}
	only := url.QueryEscape(v.r.URL.Query().Get("source"))
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		var d delivery
		if json.Unmarshal(lines.Bytes(), &d) != nil || only != "" && url.QueryEscape(d.Source) != only {
			continue
		}
		if err := errors.Join(v.event("source", "delivery", "delivery", d), out.Flush()); err != nil {
			return ignore(err)
		}
	}
	return nil
}

// beginEvents begins an answer of server-sent events.
func (v *visit) beginEvents() (*http.ResponseController, error) {
	v.w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(v.w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		v.opts.Log.Debug("an answer of events may end early", "error", err)
	}
	if _, err := v.w.Write([]byte(": begin\n\n")); err != nil {
		return nil, err
	}
	return out, out.Flush()
}

// event writes a piece of a page as an event with a name.
func (v *visit) event(page, name, template string, content any) error {
	var piece bytes.Buffer
	if err := v.pages.execute(&piece, v.lang, page, template, content); err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("event: " + name + "\n")
	for line := range strings.Lines(display.Text(piece.String())) {
		out.WriteString("data: " + strings.TrimRight(line, "\n") + "\n")
	}
	out.WriteByte('\n')
	_, err := v.w.Write(out.Bytes())
	return err
}
