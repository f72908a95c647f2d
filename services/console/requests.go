package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// requestsPage lists the open requests, the most urgent first, or the register of those that were answered.
type requestsPage struct {
	Closed   bool
	Requests []request
	// Next is the place behind which the list goes on.
	Next       string
	Incomplete string
}

func (v *visit) requests() error {
	var list struct {
		Requests   []request `json:"requests"`
		Next       string    `json:"next"`
		Incomplete string    `json:"incomplete"`
	}
	q := v.r.URL.Query()
	closed, ask := q.Get("state") == "closed", url.Values{"limit": {"50"}, "after": {q.Get("after")}}
	if closed {
		ask.Set("state", "closed")
	}
	if err := v.api.get(v.r.Context(), "/v1/requests?"+ask.Encode(), &list); err != nil {
		return err
	}
	var subjects []string
	for _, r := range list.Requests {
		subjects = append(subjects, r.Subject)
	}
	if err := v.read("requests", subjects...); err != nil {
		return err
	}
	v.page(http.StatusOK, "requests", v.say("requests"), requestsPage{closed, list.Requests, list.Next, list.Incomplete})
	return nil
}

// effect is what a step would erase.
type effect struct {
	Deletes  map[string]int `json:"deletes"`
	Retained map[string]int `json:"retained"`
}

// requestPage is one request with the steps that its state permits.
type requestPage struct {
	Request
	ID     string
	Person []string
	// Effect is what the next step would erase; nil for a step that erases nothing.
	Effect  *effect
	Deletes []string
	Keeps   []string
	// Data are the categories that an erasure is about, each with what is decided and why.
	Data []decidedCategory
	// Verify, Decide, Answer, Extend, Lift and Mistake report which steps are possible.
	Verify, Decide, Answer, Extend, Lift, Mistake bool
	// Released are the categories that would be deleted once the request counts as recorded by mistake, because the
	// request alone holds them.
	Released []string
	// Address is what becomes of the address of the person with the answer: hidden, gone or shown; empty for none.
	Address string
}

// Outcomes are the outcomes that the form offers: a request because of which data were deleted is not refused as a
// whole.
func (p *requestPage) Outcomes() []string {
	if len(p.Deleted) > 0 {
		return outcomeIDs()[:2]
	}
	return outcomeIDs()
}

// outcomeIDs are the outcomes of requests; the last is a refusal as a whole.
func outcomeIDs() []string { return []string{"granted", "partly", "refused"} }

// Proposed is the outcome that the form proposes: an erasure that an exception limits is granted in part.
func (p *requestPage) Proposed() string {
	for i := range p.Data {
		if p.Right == "erasure" && len(p.Data[i].Kept) > 0 {
			return "partly"
		}
	}
	return "granted"
}

// Request is a request of a data subject with its steps.
type Request struct {
	Ref   string `json:"ref"`
	Right string `json:"right"`
	// Way is how the request came; empty when that was not recorded.
	Way      string     `json:"way"`
	State    string     `json:"state"`
	Received time.Time  `json:"received"`
	Verified *time.Time `json:"verified"`
	Extended *time.Time `json:"extended"`
	Decided  *time.Time `json:"decided"`
	Answered *time.Time `json:"answered"`
	// Mistaken is when the request was closed as recorded by mistake.
	Mistaken *time.Time `json:"mistaken"`
	Outcome  string     `json:"outcome"`
	Reason   string     `json:"reason"`
	LastDay  string     `json:"last_day"`
	Overdue  bool       `json:"overdue"`
	// Deleted are the categories that were deleted because of the request.
	Deleted []string `json:"deleted"`
}

// isOpen reports whether an answer is missing.
func (r *Request) isOpen() bool { return r.Answered == nil && r.Mistaken == nil }

func (v *visit) request() error {
	p, err := v.requestOf(v.r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := v.read("request", p.ID); err != nil {
		return err
	}
	v.page(http.StatusOK, "request", v.say("request"), p)
	return nil
}

// decidedCategory is what an erasure does to the data of a category.
type decidedCategory struct {
	Category string
	// Deletes is the number of items that would be deleted; Kept are the reasons of the items that stay.
	Deletes int
	Kept    []keptBecause
	// Gone reports whether data of the category were deleted, or their deletion was decided, since the request.
	Gone bool
}

// keptBecause is why data stay although erasure was asked for.
type keptBecause struct {
	Purpose string
	Article string
	// Exempt is the exception of Art. 17(3); empty where the request does not concern the basis.
	Exempt, Cites, LastDay string
}

// explained is the explanation of a person, as far as the page of a request shows it.
type explained struct {
	Person   []string  `json:"person"`
	Subject  string    `json:"subject"`
	Requests []Request `json:"requests"`
	Deleted  []struct {
		Category string    `json:"category"`
		Ref      string    `json:"ref"`
		Lapse    time.Time `json:"lapse"`
		At       time.Time `json:"at"`
	} `json:"deleted"`
	Holds []struct {
		Category string `json:"category"`
		LastDay  string `json:"last_day"`
		Because  []struct {
			Rule string `json:"rule"`
		} `json:"because"`
	} `json:"holds"`
	Rules map[string]struct {
		Purpose string `json:"purpose"`
		Article string `json:"article"`
		Exempt  string `json:"exempt"`
		Cites   string `json:"cites"`
	} `json:"rules"`
}

// categories are the data of a person by category, with what an erasure would delete and what was deleted since a
// request was verified.
func (e *explained) categories(r *Request, would *effect) []decidedCategory {
	of := map[string]*decidedCategory{}
	get := func(category string) *decidedCategory {
		if of[category] == nil {
			of[category] = &decidedCategory{Category: category}
		}
		return of[category]
	}
	if would != nil {
		for category, n := range would.Deletes {
			get(category).Deletes = n
		}
	}
	for i := range e.Deleted {
		d := &e.Deleted[i]
		if r.Verified != nil && d.Ref != r.Ref && (!d.Lapse.Before(*r.Verified) || !d.At.Before(*r.Verified)) {
			get(d.Category).Gone = true
		}
	}
	for i := range e.Holds {
		h := &e.Holds[i]
		c := get(h.Category)
		if c.Deletes > 0 && would.Retained[h.Category] == 0 || len(h.Because) == 0 {
			continue
		}
		r := e.Rules[h.Because[0].Rule]
		why := keptBecause{r.Purpose, r.Article, r.Exempt, r.Cites, h.LastDay}
		if !slices.Contains(c.Kept, why) {
			c.Kept = append(c.Kept, why)
		}
	}
	var out []decidedCategory
	for _, category := range slices.Sorted(maps.Keys(of)) {
		out = append(out, *of[category])
	}
	return out
}

// explainedRequest is the explanation of the person of a request, with the request.
func (v *visit) explainedRequest(ref string) (e *explained, r Request, err error) {
	e = &explained{}
	if err := v.api.post(v.r.Context(), "/v1/explain", map[string]string{"person": "request:" + ref}, e); err != nil {
		return nil, r, err
	}
	n := slices.IndexFunc(e.Requests, func(r Request) bool { return r.Ref == ref })
	if n < 0 {
		return nil, r, errUnknown
	}
	return e, e.Requests[n], nil
}

func (v *visit) requestOf(ref string) (*requestPage, error) {
	ctx := v.r.Context()
	e, r, err := v.explainedRequest(ref)
	if err != nil {
		return nil, err
	}
	p := &requestPage{Request: r, ID: e.Subject, Person: e.Person}
	if p.Mistaken != nil {
		return p, nil
	}
	lifts := p.Right == "restriction" && p.State != "answered"
	p.Verify = p.Verified == nil && p.State == "received" && p.Decided == nil
	p.Decide = p.Decided == nil && p.Answered == nil && !p.Verify
	p.Answer = p.Answered == nil && (p.Decided != nil || p.Right == "access_request" && !p.Verify)
	p.Extend = p.Extended == nil && p.Answered == nil && p.Decided == nil && !p.Overdue
	p.Lift = lifts && p.Decided != nil
	p.Mistake = p.Answered == nil
	if p.Mistake && p.Right == "restriction" {
		p.Released, err = v.releasedBy(ref)
	}
	if err != nil {
		return nil, err
	}
	if p.Address, err = v.addressAfter(p, e); err != nil {
		return nil, err
	}
	if p.Right != "erasure" {
		return p, nil
	}
	if !p.Verify && !p.Decide {
		p.Data = e.categories(&r, nil)
		return p, nil
	}
	step, order := "verify", map[string]any{"preview": true}
	if p.Decide {
		step, order["outcome"] = "decide", "granted"
	}
	var would effect
	if err := v.api.post(ctx, "/v1/requests/"+url.PathEscape(ref)+"/"+step, order, &would); err == nil {
		p.Effect = &would
		for c := range would.Deletes {
			p.Deletes = append(p.Deletes, c)
		}
		for c := range would.Retained {
			p.Keeps = append(p.Keeps, c)
		}
		slices.Sort(p.Deletes)
		slices.Sort(p.Keeps)
	}
	p.Data = e.categories(&r, p.Effect)
	return p, nil
}

// releasedBy are the categories of data that a restriction alone holds, sorted.
func (v *visit) releasedBy(ref string) ([]string, error) {
	var would effect
	err := v.api.post(v.r.Context(), "/v1/requests/"+url.PathEscape(ref)+"/mistake",
		map[string]any{"preview": true, "reason": "preview"}, &would)
	return slices.Sorted(maps.Keys(would.Deletes)), err
}

// mistake closes a request that was recorded by mistake, or an objection to marketing on the page of the person.
func (v *visit) mistake() error {
	reason, err := v.reason()
	if err != nil {
		return err
	}
	ref := url.PathEscape(v.r.PathValue("ref"))
	if err := v.api.post(
		v.r.Context(),
		"/v1/requests/"+ref+"/mistake",
		map[string]any{"reason": reason},
		nil,
	); err != nil {
		return err
	}
	if id := v.r.PostFormValue("person"); id != "" {
		return v.redirect("/console/people/" + url.PathEscape(id))
	}
	return v.redirect("/console/requests/" + ref)
}

// addressAfter is what becomes of the address of a person once the request is answered.
func (v *visit) addressAfter(p *requestPage, e *explained) (string, error) {
	if !p.Answer {
		return "", nil
	}
	var r report
	err := v.api.post(v.r.Context(), "/v1/export",
		map[string]any{"person": "subject:" + p.ID, "form": "report", "view": true}, &r)
	if err != nil {
		return "", err
	}
	others := slices.ContainsFunc(e.Requests, func(r Request) bool { return r.Ref != p.Ref && r.isOpen() })
	switch {
	case r.Address != nil && r.Address.State == "sealed":
		return "gone", nil
	case r.Address != nil && !others:
		return "hidden", nil
	case slices.ContainsFunc(p.Person, isAddress):
		return "shown", nil
	}
	return "", nil
}

// step records a step of a request.
func (v *visit) step() error {
	ref, step := v.r.PathValue("ref"), v.r.PathValue("step")
	order := map[string]any{}
	switch step {
	case "decide":
		order["outcome"] = v.r.PostFormValue("outcome")
		if err := v.checkOption(v.r.PostFormValue("outcome"), outcomeIDs()...); err != nil {
			return err
		}
		order["reason"] = strings.TrimSpace(v.r.PostFormValue("reason"))
	case "lift":
		order["told"] = v.opts.Now().UTC()
	case "verify", "answer", "extend":
	default:
		return errUnknown
	}
	if err := v.api.post(v.r.Context(), "/v1/requests/"+url.PathEscape(ref)+"/"+step, order, nil); err != nil {
		return err
	}
	return v.redirect("/console/requests/" + url.PathEscape(ref))
}

// letterPage is the letter that answers a request: a draft, or, of an answered request, the letter of that day.
type letterPage struct {
	Ref  string
	Text string
}

// letter shows the letter, or, with ?form=download, answers with it as a file.
func (v *visit) letter() error {
	ref := v.r.PathValue("ref")
	body, err := v.api.text(v.r.Context(), http.MethodPost, "/v1/export", map[string]any{
		"person": "request:" + ref, "form": "answer", "lang": string(v.lang), "request": ref,
		"view": v.r.URL.Query().Get("form") != "download",
	})
	if err != nil {
		return err
	}
	if v.r.URL.Query().Get("form") == "download" {
		if !v.session.Role.may(needExport) {
			return &refusal{
				Status: http.StatusForbidden, Detail: v.say("not_permitted", v.say("role_"+string(v.session.Role))),
			}
		}
		return v.download("text/plain; charset=utf-8", "rodopath-list.txt", body)
	}
	_, r, err := v.explainedRequest(ref)
	if err != nil {
		return err
	}
	title := "letter_draft"
	if r.Answered != nil {
		title = "letter_given"
	}
	v.page(http.StatusOK, "letter", v.say(title), letterPage{ref, string(body)})
	return nil
}
