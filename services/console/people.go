package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// listedPerson is a person of a list.
type listedPerson struct {
	Subject  string     `json:"subject"`
	Person   []string   `json:"person"`
	Stage    string     `json:"stage"`
	Labels   []string   `json:"labels"`
	Since    *time.Time `json:"since"`
	ReviewAt *time.Time `json:"review_at"`
	// RequestDue is the deadline of the most urgent open request.
	RequestDue *time.Time `json:"request_due"`
	// Lapses are the categories of data that lapse in the month of the list.
	Lapses []string `json:"lapses"`
	// Deletion is the last deletion of data of a person without a shown name; nil for none.
	Deletion *struct {
		At         time.Time `json:"at"`
		Categories []string  `json:"categories"`
		Because    []string  `json:"because"`
		Request    string    `json:"request"`
	} `json:"deletion"`
}

// peoplePage is a list of persons, or the page to find one.
type peoplePage struct {
	// Labels are the chosen labels; Stage and Mark the choices of the form, Named the labels in words.
	Labels      []string
	Stage, Mark string
	// Other are the labels for which the form has no choice.
	Other      []string
	Named      []string
	Sort       sorting
	Sorts      []string
	Persons    []listedPerson
	Count      *int
	Next       string
	Complete   bool
	Incomplete string
	// Found reports whether the persons are those of a search, and Missed that it found nobody.
	Found, Missed bool
	// Stages and Marks are what the form offers.
	Stages, Marks []string
}

// stageIDs are the stages of the path, markIDs the labels by which a list is narrowed.
func stageIDs() []string {
	return []string{"follower", "subscriber", "talking", "customer", "past", "claims", "other", "gone"}
}

func markIDs() []string { return []string{"alarm", "unproven", "unlisted", "hold", "request"} }

// chosenLabels are the labels of the address: label=…, or the choices of the form.
func chosenLabels(q url.Values) []string {
	out := append([]string{}, q["label"]...)
	if stage := q.Get("stage"); stage != "" {
		out = append(out, "stage:"+stage)
	}
	if mark := q.Get("mark"); mark != "" {
		out = append(out, mark)
	}
	return out[:min(len(out), 4)]
}

func (v *visit) people() error {
	q := v.r.URL.Query()
	if err := cmp.Or(
		v.checkOption(q.Get("stage"), stageIDs()...),
		v.checkOption(q.Get("mark"), markIDs()...),
	); err != nil {
		return err
	}
	p := peoplePage{
		Labels: chosenLabels(
			q,
		),
		Stage:    q.Get("stage"),
		Mark:     q.Get("mark"),
		Sort:     sortOf(q, personSorts()),
		Stages:   stageIDs(),
		Marks:    markIDs(),
		Complete: true,
		Sorts:    personSorts(),
	}
	for _, l := range q["label"] { // a link names labels, the form its choices
		if stage, ok := strings.CutPrefix(l, "stage:"); ok {
			p.Stage = stage
		} else if slices.Contains(p.Marks, l) {
			p.Mark = l
		} else {
			p.Other = append(p.Other, l)
		}
	}
	for _, l := range p.Labels {
		p.Named = append(p.Named, v.labelName(l))
	}
	if len(p.Labels) > 0 {
		var list struct {
			Persons    []listedPerson `json:"persons"`
			Count      *int           `json:"count"`
			Next       string         `json:"next"`
			Complete   bool           `json:"complete"`
			Incomplete string         `json:"incomplete"`
		}
		if err := v.api.get(v.r.Context(), "/v1/persons?"+listQuery(p.Labels, q).Encode(), &list); err != nil {
			return err
		}
		p.Persons, p.Count, p.Next, p.Complete, p.Incomplete =
			list.Persons, list.Count, list.Next, list.Complete, list.Incomplete
		if err := v.read("list of persons", subjectsOf(p.Persons)...); err != nil {
			return err
		}
	}
	v.page(http.StatusOK, "people", v.say("people"), p)
	return nil
}

func listQuery(labels []string, q url.Values) url.Values {
	out := url.Values{"label": labels}
	sortOf(q, personSorts()).addTo(out)
	if after := q.Get("after"); after != "" {
		out.Set("after", after)
	}
	return out
}

func subjectsOf(list []listedPerson) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].Subject)
	}
	return out
}

// labelName names a label for people.
func (v *visit) labelName(label string) string {
	kind, rest, _ := strings.Cut(label, ":")
	parts := strings.Split(rest, ":")
	switch {
	case kind == "stage":
		return v.say("stage_" + rest)
	case kind == "lapse":
		return v.say("calendar") + ": " + rest
	case kind == "moved" && len(parts) == 3:
		return v.say("stage_"+parts[1]) + " → " + v.say("stage_"+parts[2]) + ", " + parts[0]
	}
	return v.statedName(kind, rest, parts)
}

// statedName names the labels of answers, uses and decisions.
func (v *visit) statedName(kind, rest string, parts []string) string {
	says := func(key string) string { return v.sayOr(key, rest) }
	switch {
	case kind == "answered":
		return v.say("planner") + ": " + says("planner_"+rest)
	case kind == "use" && len(parts) == 3:
		return says("purpose_"+parts[0]) + ", " + says("channel_"+parts[1]) + ": " + says("answer_"+parts[2])
	case kind == "decision" && len(parts) > 1 && parts[0] == "ask-consent":
		return v.say("planner") + ": " + says("planner_state_"+parts[1])
	case kind == "decision" && len(parts) > 1:
		return v.say("deletions") + ": " + says("state_"+parts[1])
	}
	return v.say("label_" + kind)
}

func (v *visit) peopleCSV() error {
	q := v.r.URL.Query()
	list := listQuery(chosenLabels(q), q)
	list.Set("form", "csv")
	if v.session.Role == RoleAuditor {
		return &refusal{Status: http.StatusForbidden, Detail: v.say("not_permitted", v.say("role_auditor"))}
	}
	return v.passTable("/v1/persons?"+list.Encode(), "rodopath.csv",
		column{"csv_subject", ""}, column{"person", ""}, column{"stage", "stage_"}, column{"csv_since", ""},
		column{"csv_review", ""})
}

// find finds a person. What was typed stands in the body of the form and never in an address.
func (v *visit) find() error {
	var found struct {
		Persons []listedPerson `json:"persons"`
	}
	typed := map[string]string{"text": strings.TrimSpace(v.r.PostFormValue("name"))}
	if err := v.api.post(v.r.Context(), "/v1/find", typed, &found); err != nil {
		return err
	}
	if len(found.Persons) == 1 {
		return v.redirect("/console/people/" + url.PathEscape(found.Persons[0].Subject))
	}
	if err := v.read("search", subjectsOf(found.Persons)...); err != nil {
		return err
	}
	status := http.StatusOK
	if len(found.Persons) == 0 {
		status = http.StatusNotFound
	}
	v.page(status, "people", v.say("people"), peoplePage{
		Persons:  found.Persons,
		Found:    true,
		Missed:   len(found.Persons) == 0,
		Complete: true,
		Stages:   stageIDs(),
		Marks:    markIDs(),
		Sort:     sortOf(url.Values{}, personSorts()),
		Sorts:    personSorts(),
	})
	return nil
}
