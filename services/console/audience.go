package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/live"
)

// audienceRow is one address, or one person, with the answer.
type audienceRow struct {
	Subject string     `json:"subject"`
	Address string     `json:"address"`
	Person  []string   `json:"person"`
	Allowed bool       `json:"allowed"`
	Why     string     `json:"why"`
	Since   *time.Time `json:"since"`
	Rule    string     `json:"rule"`
	Says    *text      `json:"says"`
}

// answerCount is the number of persons with an answer.
type answerCount struct {
	ID     string
	Count  int
	Chosen bool
}

// question is where, and in which words, persons may be asked for a consent.
type question struct {
	Purpose string   `json:"purpose"`
	Channel string   `json:"channel"`
	Text    string   `json:"text"`
	Places  []string `json:"places"`
}

// audiencePage is whom the controller may address.
type audiencePage struct {
	Purpose, Channel, Answer string
	Purposes, Channels       []string
	Answers                  []answerCount
	Rows                     []audienceRow
	Next                     string
	Complete                 bool
	Incomplete               string
	// Total is the number of persons of whom data may be held: the sum of the answers.
	Total int
	// Questions are what may be asked; Waiting, Asked and Done count the persons, Granted and Refused the answers.
	Questions            []question
	Waiting, Asked, Done int
	Granted, Refused     int
	// Asks reports whether a recipient asks for consent.
	Asks bool
}

// markets are the purposes that rest on consent, and the channels.
func markets() (purposes, channels []string) {
	return []string{"offers", "newsletter"}, []string{"email", "sms", "phone"}
}

func (v *visit) audience() error {
	q := v.r.URL.Query()
	p := audiencePage{
		Purpose: chosen(q, "purpose", "offers"), Channel: chosen(q, "channel", "email"), Answer: chosen(q, "answer", "yes"),
	}
	p.Purposes, p.Channels = markets()
	if err := cmp.Or(v.checkOption(p.Purpose, p.Purposes...), v.checkOption(p.Channel, p.Channels...)); err != nil {
		return err
	}
	ask := url.Values{"purpose": {p.Purpose}, "channel": {p.Channel}, "answer": {p.Answer}}
	if after := q.Get("after"); after != "" {
		ask.Set("after", after)
	}
	var list struct {
		Counts     map[string]int `json:"counts"`
		Rows       []audienceRow  `json:"rows"`
		Next       string         `json:"next"`
		Complete   bool           `json:"complete"`
		Incomplete string         `json:"incomplete"`
	}
	var all counts
	var systems live.Overview
	var policy struct {
		Questions []question `json:"questions"`
	}
	ctx := v.r.Context()
	err := together(
		func() error { return v.api.get(ctx, "/v1/audience?"+ask.Encode(), &list) },
		func() error { return v.api.get(ctx, "/v1/counts", &all) },
		func() error { return v.api.get(ctx, "/v1/policy", &policy) },
		func() error { return v.api.get(ctx, "/v1/live", &systems) },
	)
	if err != nil {
		return err
	}
	p.Rows, p.Next, p.Complete, p.Incomplete, p.Questions =
		list.Rows, list.Next, list.Complete, list.Incomplete, policy.Questions
	if _, known := v.texts[v.lang]["answer_"+p.Answer]; known {
		list.Counts[p.Answer] += 0 // the chosen number is shown, also when nobody is in it
	}
	for id, n := range list.Counts {
		p.Total += n
		if n > 0 || id == "yes" || id == p.Answer {
			p.Answers = append(p.Answers, answerCount{id, n, id == p.Answer})
		}
	}
	slices.SortFunc(p.Answers, func(a, b answerCount) int {
		switch {
		case a.ID == "yes":
			return -1
		case b.ID == "yes":
			return 1
		}
		return cmp.Or(b.Count-a.Count, strings.Compare(a.ID, b.ID))
	})
	p.Waiting, p.Asked = all.Labels["decision:ask-consent:held"], all.Labels["decision:ask-consent:open"]
	p.Done = all.Labels["decision:ask-consent:confirmed"]
	p.Asks = slices.ContainsFunc(
		systems.Recipients,
		func(o live.Opened) bool { return o.Kind == string(stream.KindAskConsent) },
	)
	p.Granted, p.Refused = all.Labels["answered:granted"], all.Labels["answered:refused"]
	var subjects []string
	for i := range p.Rows {
		subjects = append(subjects, p.Rows[i].Subject)
	}
	if err := v.read("whom may be addressed", subjects...); err != nil {
		return err
	}
	v.page(http.StatusOK, "audience", v.say("audience"), p)
	return nil
}

// chosen is a value of a query, or the usual one.
func chosen(q url.Values, name, usual string) string {
	if value := q.Get(name); value != "" {
		return value
	}
	return usual
}

// audienceCSV answers with the list for a campaign, or for MailerLite.
func (v *visit) audienceCSV() error {
	if v.session.Role == RoleAuditor {
		return &refusal{Status: http.StatusForbidden, Detail: v.say("not_permitted", v.say("role_auditor"))}
	}
	q := v.r.URL.Query()
	form := "csv"
	if q.Get("form") == "mailerlite" {
		form = "mailerlite"
	}
	purposes, channels := markets()
	err := cmp.Or(v.checkOption(q.Get("purpose"), purposes...), v.checkOption(q.Get("channel"), channels...))
	if err != nil {
		return err
	}
	path, name := "/v1/audience?", "rodopath-"+form+".csv"
	ask := url.Values{
		"purpose": {chosen(q, "purpose", "offers")}, "channel": {chosen(q, "channel", "email")},
		"answer": {chosen(q, "answer", "yes")}, "form": {form},
	}
	path += ask.Encode()
	if form == "mailerlite" {
		return v.pass(path, "text/csv; charset=utf-8", name) // MailerLite demands these headings
	}
	return v.passTable(path, name,
		column{"address", ""}, column{"person", ""}, column{"csv_allowed", "csv_"}, column{"why", "answer_"},
		column{"csv_from", ""}, column{"csv_to", ""}, column{"csv_rule", ""})
}
