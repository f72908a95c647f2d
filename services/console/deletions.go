package console

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/live"
)

// deletionState is a state by which decisions are listed.
type deletionState struct {
	ID     string
	Count  int
	Chosen bool
}

// deletionsPage lists the decisions in a state.
type deletionsPage struct {
	States     []deletionState
	Reasons    []deletionState
	State      string
	Reason     string
	Recipient  string
	Recipients []string
	Decisions  []decided
	Next       string
	Sort       sorting
	Sorts      []string
	Incomplete string
	Live       live.Overview
	Brake      brake
	// Gone is the number of persons of whom no personal data are left.
	Gone int
}

// stateIDs are the states by which deletions are listed, reasonIDs the reasons for which they wait.
func stateIDs() []string { return []string{"held", "open", "confirmed", "refused"} }

func reasonIDs() []string {
	return []string{"observing", "delay", "history_missing", "unmapped_product"}
}

func (v *visit) deletions() error {
	q := v.r.URL.Query()
	p := deletionsPage{
		State: chosen(q, "state", "held"), Reason: q.Get("reason"), Recipient: q.Get("recipient"),
		Sort: sortOf(q, deletionSorts()), Sorts: deletionSorts(),
	}
	if err := cmp.Or(v.checkOption(p.State, stateIDs()...), v.checkOption(p.Reason, reasonIDs()...)); err != nil {
		return err
	}
	ask := url.Values{"state": {p.State}, "limit": {"50"}}
	for _, name := range []string{"reason", "recipient", "after"} {
		if value := q.Get(name); value != "" {
			ask.Set(name, value)
		}
	}
	p.Sort.addTo(ask)
	var list struct {
		Decisions  []decided      `json:"decisions"`
		Counts     map[string]int `json:"counts"`
		Next       string         `json:"next"`
		Incomplete string         `json:"incomplete"`
	}
	ctx := v.r.Context()
	var all counts
	err := together(
		func() error { return v.api.get(ctx, "/v1/counts", &all) },
		func() error { return v.api.get(ctx, "/v1/decisions?"+ask.Encode(), &list) },
		func() error { return v.api.get(ctx, "/v1/live", &p.Live) },
		func() error { return v.api.get(ctx, "/v1/brake", &p.Brake) },
	)
	if err != nil {
		return err
	}
	p.Gone = all.Labels["stage:gone"]
	p.Decisions, p.Next, p.Incomplete = list.Decisions, list.Next, list.Incomplete
	for _, id := range stateIDs() {
		p.States = append(p.States, deletionState{id, list.Counts[id], id == p.State})
	}
	for _, id := range reasonIDs() {
		if n := list.Counts["held="+id]; n > 0 || id == p.Reason {
			p.Reasons = append(p.Reasons, deletionState{id, n, id == p.Reason})
		}
	}
	for _, r := range p.Live.Recipients {
		if r.Kind == "delete" {
			p.Recipients = append(p.Recipients, r.Recipient)
		}
	}
	var subjects []string
	for i := range p.Decisions {
		subjects = append(subjects, p.Decisions[i].Subject)
	}
	if err := v.read("deletions", subjects...); err != nil {
		return err
	}
	v.page(http.StatusOK, "deletions", v.say("deletions"), p)
	return nil
}

// again returns to the page from which a form was sent, within the console.
func (v *visit) again(usual string) error {
	if back := v.r.PostFormValue("back"); strings.HasPrefix(back, "/console/") && !strings.ContainsAny(back, "\\\r\n") {
		return v.redirect(back)
	}
	return v.redirect(usual)
}

// retract stops a decision that waits.
func (v *visit) retract() error {
	reason, err := v.reason()
	if err != nil {
		return err
	}
	path := "/v1/decisions/" + url.PathEscape(v.r.PostFormValue("decision")) + "/retract"
	if err := v.api.post(v.r.Context(), path, map[string]string{"reason": reason}, nil); err != nil {
		return err
	}
	return v.again("/console/deletions")
}

// repeat sends a deletion once more.
func (v *visit) repeat() error {
	path := "/v1/decisions/" + url.PathEscape(v.r.PostFormValue("decision")) + "/repeat"
	if err := v.api.post(v.r.Context(), path, struct{}{}, nil); err != nil {
		return err
	}
	return v.redirect("/console/deletions?state=open")
}

// receipt records the receipt of a recipient that erases by hand.
func (v *visit) receipt() error {
	if err := v.checkOption(v.r.PostFormValue("outcome"), "done", "not_found"); err != nil {
		return err
	}
	err := v.api.post(v.r.Context(), "/v1/decisions/receipts", map[string]any{
		"decision": v.r.PostFormValue("decision"), "recipient": v.r.PostFormValue("recipient"),
		"outcome": v.r.PostFormValue("outcome"), "at": v.opts.Now().UTC(),
	}, nil)
	if err != nil {
		return err
	}
	return v.again("/console/deletions?state=open")
}

// certificate answers with the certificate of a deletion as a page.
func (v *visit) certificate() error {
	path := "/v1/decisions/" + url.PathEscape(v.r.PathValue("id")) + "/certificate?form=page&lang=" + string(v.lang)
	if v.r.URL.Query().Get("form") == "json" {
		path = strings.Split(path, "?")[0]
	}
	body, err := v.api.text(v.r.Context(), http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if v.r.URL.Query().Get("form") == "json" {
		return v.download("application/json", "rodopath-certificate.json", body)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox")
	_, err = v.w.Write(body)
	return ignore(err)
}
