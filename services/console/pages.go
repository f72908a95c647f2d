package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/preview"
)

// previewed is the answer of /v1/preview.
type previewed struct {
	live.Overview
	preview.Preview
}

// request is an open request of a data subject.
type request struct {
	Subject string   `json:"subject"`
	Person  []string `json:"person"`
	Ref     string   `json:"ref"`
	Right   string   `json:"right"`
	State   string   `json:"state"`
	LastDay string   `json:"last_day"`
	Overdue bool     `json:"overdue"`
}

// decided is a decision with its recipients.
type decided struct {
	Decision   string         `json:"decision"`
	Kind       string         `json:"kind"`
	Subject    string         `json:"subject"`
	Person     []string       `json:"person"`
	At         time.Time      `json:"at"`
	State      string         `json:"state"`
	Due        *time.Time     `json:"due"`
	Categories []string       `json:"categories"`
	Purpose    string         `json:"purpose"`
	Channel    string         `json:"channel"`
	Held       *decision.Held `json:"held"`
	Recipients []struct {
		Recipient string     `json:"recipient"`
		Sent      *time.Time `json:"sent"`
		Outcome   string     `json:"outcome"`
		Reason    string     `json:"reason"`
	} `json:"recipients"`
}

// brake is whether deletions wait for an approval.
type brake struct {
	Reason string `json:"reason"`
	Impact *struct {
		Persons int            `json:"persons"`
		Items   map[string]int `json:"items"`
	} `json:"impact"`
}

// todayPage is what needs the owner.
type todayPage struct {
	Requests []request
	Held     []decided
	Open     []decided
	Brake    brake
	Live     live.Overview
	// Calm reports whether nothing needs the owner.
	Calm bool
}

// maxShown bounds the lists of the first page; the other pages show the rest.
const maxShown = 10

func (v *visit) today() error {
	var p todayPage
	var requests struct {
		Requests []request `json:"requests"`
	}
	var open struct {
		Decisions []decided `json:"decisions"`
	}
	ctx := v.r.Context()
	if err := v.api.get(ctx, "/v1/requests", &requests); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/decisions?state=overdue", &open); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/live", &p.Live); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/brake", &p.Brake); err != nil {
		return err
	}
	p.Requests, p.Open = first(requests.Requests), first(open.Decisions)
	p.Calm = len(p.Requests) == 0 && len(p.Open) == 0 && p.Brake.Reason == "" && !p.Live.Observing
	v.page(http.StatusOK, "today", v.words().Today, p)
	return nil
}

func first[T any](list []T) []T { return list[:min(len(list), maxShown)] }

// deletionsPage lists the decisions that wait, and those without all answers.
type deletionsPage struct {
	Held, Open []decided
	Live       live.Overview
	// Shown is the list that is shown, "held" or "open".
	Shown string
}

func (v *visit) deletions() error {
	p := deletionsPage{Shown: "held"}
	if v.r.URL.Query().Get("list") == "open" {
		p.Shown = "open"
	}
	var held, open struct {
		Decisions []decided `json:"decisions"`
	}
	ctx := v.r.Context()
	if err := v.api.get(ctx, "/v1/live", &p.Live); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/decisions?state=held", &held); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/decisions", &open); err != nil {
		return err
	}
	p.Held, p.Open = held.Decisions, open.Decisions
	v.page(http.StatusOK, "deletions", v.words().Deletions, p)
	return nil
}

// retract stops a decision that waits.
func (v *visit) retract() error {
	id, reason := v.r.PostFormValue("decision"), strings.TrimSpace(v.r.PostFormValue("reason"))
	if reason == "" {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.words().ReasonMissing}
	}
	err := v.api.post(
		v.r.Context(),
		"/v1/decisions/"+url.PathEscape(id)+"/retract",
		map[string]string{"reason": reason},
		nil,
	)
	if err != nil {
		return err
	}
	return v.redirect("/console/deletions")
}

func (v *visit) path() error {
	var p previewed
	if err := v.api.get(v.r.Context(), "/v1/preview?months=24", &p); err != nil {
		return err
	}
	v.page(http.StatusOK, "path", v.words().Path, newPath(&p, v.lang))
	return nil
}

// setupPage shows recipients, sources and the brake.
type setupPage struct {
	Live    live.Overview
	Preview previewed
	Brake   brake
}

func (v *visit) setup() error {
	var p setupPage
	ctx := v.r.Context()
	if err := v.api.get(ctx, "/v1/preview", &p.Preview); err != nil {
		return err
	}
	if err := v.api.get(ctx, "/v1/brake", &p.Brake); err != nil {
		return err
	}
	p.Live = p.Preview.Overview
	v.page(http.StatusOK, "setup", v.words().Setup, p)
	return nil
}

// goLive notifies recipients from now on, or no longer.
func (v *visit) goLive() error {
	order := map[string]any{"observe": v.r.PostFormValue("act") == "observe"}
	if id := v.r.PostFormValue("recipient"); id != "" {
		order["recipients"] = []string{id}
	}
	if kind := v.r.PostFormValue("kind"); kind != "" {
		order["kinds"] = []string{kind}
	}
	if err := v.api.post(v.r.Context(), "/v1/live", order, nil); err != nil {
		return err
	}
	return v.redirect("/console/setup")
}

// cover states that nothing of the history of a source is missing.
func (v *visit) cover() error {
	err := v.api.post(v.r.Context(), "/v1/coverage", map[string]string{"source": v.r.PostFormValue("source")}, nil)
	if err != nil {
		return err
	}
	return v.redirect("/console/setup")
}

func (v *visit) releaseBrake() error {
	if err := v.api.post(v.r.Context(), "/v1/brake/release", struct{}{}, nil); err != nil {
		return err
	}
	return v.redirect("/console/")
}

// bar is one bar of the picture of the path.
type bar struct {
	Name  string
	Count int
	// Width is the length of the bar in percent of the longest.
	Width int
}

// pathPage is how many persons stand at each stage, and what lapses in the months to come.
type pathPage struct {
	Persons, Holding int
	Stages, Months   []bar
	Live             live.Overview
}

func newPath(p *previewed, lang language) pathPage {
	out := pathPage{Persons: p.Persons, Holding: p.Holding, Live: p.Overview}
	for _, stage := range []string{"newsletter", "offers", "pre_contract", "contract", "tax_documents", "claims", "suppression"} {
		out.Stages = append(out.Stages, bar{Name: wordsOf(lang).stage(stage), Count: p.Purposes[stage]})
	}
	for i := range p.Months {
		out.Months = append(out.Months, bar{Name: p.Months[i].Month, Count: p.Months[i].Persons})
	}
	scale(out.Stages)
	scale(out.Months)
	return out
}

// scale sets the widths of bars.
func scale(bars []bar) {
	if len(bars) == 0 {
		return
	}
	most := slices.MaxFunc(bars, func(a, b bar) int { return a.Count - b.Count }).Count
	for i := range bars {
		if most > 0 {
			bars[i].Width = bars[i].Count * 100 / most
		}
	}
}
