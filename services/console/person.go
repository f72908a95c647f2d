package console

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/timeline"
)

// text is a text in both languages.
type text struct {
	PL string `json:"pl"`
	EN string `json:"en"`
}

// in returns the text in a language.
func (t text) in(l language) string {
	if l == polish {
		return t.PL
	}
	return t.EN
}

// heldItem is data that are held, with the reasons.
type heldItem struct {
	Name    text   `json:"name"`
	Record  string `json:"record"`
	Known   bool   `json:"known"`
	Since   string `json:"since"`
	LastDay string `json:"last_day"`
	Ends    text   `json:"ends"`
	Because []struct {
		Purpose struct {
			ID   string `json:"purpose"`
			Name text   `json:"name"`
		} `json:"for"`
		Article string `json:"article"`
		Cites   string `json:"cites"`
		LastDay string `json:"last_day"`
		Ends    text   `json:"ends"`
	} `json:"because"`
	Recipients []struct {
		Name      text `json:"name"`
		Connected bool `json:"connected"`
	} `json:"recipients"`
	Sources []string `json:"sources"`
}

// report is the report of Art. 15, as far as the page shows it.
type report struct {
	Subject string   `json:"subject"`
	Names   []string `json:"names"`
	Address *struct {
		State string `json:"state"`
		Says  text   `json:"says"`
	} `json:"address"`
	// Tombstone says what is left of deleted data.
	Tombstone *struct {
		Says text `json:"says"`
	} `json:"tombstone"`
	Zone     string     `json:"zone"`
	Held     []heldItem `json:"held"`
	Consents []struct {
		Purposes []struct {
			Name text `json:"name"`
		} `json:"purposes"`
		Channel string `json:"channel"`
		Says    text   `json:"says"`
	} `json:"consents"`
	Requests []struct {
		Ref     string `json:"ref"`
		Name    text   `json:"name"`
		State   text   `json:"state"`
		LastDay string `json:"last_day"`
		Overdue bool   `json:"overdue"`
		// Mistaken is the day on which the request was closed as recorded by mistake; empty for any other request.
		Mistaken string `json:"mistaken_on"`
	} `json:"requests"`
	Deleted []deletedData `json:"deleted"`
}

// deletedData is a deletion of the journal.
type deletedData struct {
	On       string `json:"on"`
	Decision string `json:"decision"`
	Items    []struct {
		Name text `json:"name"`
	} `json:"items"`
	// Certificate is whether there is a certificate, and Missing are the recipients for whose answer it waits.
	Certificate certificateState `json:"-"`
	Missing     []string         `json:"-"`
}

// certificateState is whether there is a certificate of a deletion, or why not.
type certificateState string

const (
	certificateReady certificateState = "ready"
	// certificateWaits: a recipient has not answered. certificateRefused: all have, and one refuses.
	certificateWaits   certificateState = "waits"
	certificateRefused certificateState = "refused"
	// certificateNone: no recipient was notified, and the certificate speaks of the data in Rodopath alone.
	certificateNone certificateState = "none"
)

// basis is a legal basis, past or future.
type basis struct {
	Purpose string     `json:"purpose"`
	Article string     `json:"article"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until"`
}

// explanation is what is known of a person, as far as the page shows it.
type explanation struct {
	Facts []struct {
		Kind     string    `json:"kind"`
		Source   string    `json:"source"`
		Ref      string    `json:"ref"`
		Outcome  string    `json:"outcome"`
		Occurred time.Time `json:"occurred"`
		Received time.Time `json:"received"`
		Reason   string    `json:"reason"`
		// By is who recorded the fact, as the journal of acts has it; empty for any other fact.
		By string `json:"-"`
	} `json:"facts"`
	Journal []struct {
		At   time.Time `json:"at"`
		Key  string    `json:"key"`
		What string    `json:"what"`
		Text string    `json:"text"`
		// Decision is the id of the decision that the entry is about; empty for none.
		Decision string `json:"decision"`
	} `json:"journal"`
}

// permission is the answer whether a use is allowed.
type permission struct {
	Allowed bool   `json:"allowed"`
	Why     string `json:"why"`
	Says    text   `json:"says"`
}

// wording is a text to which persons consent.
type wording struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// personPage is what is known of one person.
type personPage struct {
	ID      string
	Report  report
	Explain explanation
	// Picture is the picture for a desk, Narrow that for a telephone.
	Picture, Narrow string
	Offers          permission
	// Next is the first day after which something must be deleted, and NextData what; empty for none.
	Next     string
	NextData []text
	// At is the day that is shown; empty for today.
	At string
	// Decisions are the decisions about the person with the answers of the recipients.
	Decisions []decided
	// Emails are the e-mail addresses of the person, Records the records of the facts.
	Emails, Records []string
	Wordings        []wording
	Alarms          []alarm
	Holds           []string
	// Objections are the objections to marketing that were recorded by hand and are in force.
	Objections []objection
}

// readCertificates finds out of which deletions there is a certificate. The journal outlives the answers of recipients.
func (p *personPage) readCertificates() {
	for i := range p.Report.Deleted {
		d := &p.Report.Deleted[i]
		d.Certificate = certificateNone
		for k := range p.Explain.Journal {
			if e := &p.Explain.Journal[k]; e.Decision == d.Decision && e.What == "confirmed" && e.Text == "confirmed" {
				d.Certificate = certificateReady
			}
		}
		for k := range p.Decisions {
			switch told := &p.Decisions[k]; {
			case told.Decision != d.Decision:
			case told.Closed != nil:
				d.Certificate = certificateReady
			case len(told.Missing) > 0:
				d.Certificate, d.Missing = certificateWaits, told.Missing
			default:
				d.Certificate = certificateRefused
			}
		}
	}
}

// Answerable reports whether a letter answers some request.
func (p *personPage) Answerable() bool {
	for i := range p.Report.Requests {
		if p.Report.Requests[i].Mistaken == "" {
			return true
		}
	}
	return false
}

// Uncertified reports whether no recipient was notified of some deletion, so that its certificate is of Rodopath alone.
func (p *personPage) Uncertified() bool {
	return slices.ContainsFunc(p.Report.Deleted, func(d deletedData) bool { return d.Certificate == certificateNone })
}

// objection is an objection to marketing.
type objection struct {
	Ref string
	At  time.Time
}

// sourceHand is the source of the facts that the controller recorded.
const sourceHand = "api"

// readObjections finds the objections to marketing, which are no requests, and names the ends of mistaken requests. Of
// a person without a name everything was deleted, and an objection cannot be undone any more.
func (p *personPage) readObjections() {
	var other []string
	for i := range p.Report.Requests {
		other = append(other, p.Report.Requests[i].Ref)
	}
	for i := range p.Explain.Facts {
		if f := &p.Explain.Facts[i]; f.Kind == "request_answered" && f.Outcome == "mistaken" {
			f.Kind, other = "request_mistaken", append(other, f.Ref)
		}
	}
	for i := range p.Explain.Facts {
		f := &p.Explain.Facts[i]
		if f.Kind == "objection" && f.Source == sourceHand && !slices.Contains(other, f.Ref) && len(p.Report.Names) > 0 {
			p.Objections = append(p.Objections, objection{f.Ref, f.Occurred})
		}
	}
}

func (v *visit) person() error {
	p := personPage{ID: v.r.PathValue("id"), At: v.r.URL.Query().Get("at")}
	if err := v.checkDay(p.At); err != nil {
		return err
	}
	who, ctx := map[string]any{"person": "subject:" + p.ID}, v.r.Context()
	if p.At != "" {
		who["at"] = p.At
	}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{who, more} {
			maps.Copy(out, m)
		}
		return out
	}
	if err := v.read("person", p.ID); err != nil {
		return err
	}
	var bases struct {
		Bases []basis `json:"bases"`
	}
	var listed struct {
		Decisions []decided `json:"decisions"`
	}
	err := together(
		func() error {
			return v.api.post(ctx, "/v1/export", with(map[string]any{"form": "report", "view": true}), &p.Report)
		},
		func() error { return v.api.post(ctx, "/v1/bases", who, &bases) },
		func() error {
			return v.api.post(ctx, "/v1/may", with(map[string]any{"purpose": "offers", "channel": "email"}), &p.Offers)
		},
		func() error { return v.api.post(ctx, "/v1/explain", who, &p.Explain) },
		func() error { return v.api.post(ctx, "/v1/subjects/decisions", who, &listed) },
		func() error { var err error; p.Wordings, err = v.wordings(); return err },
	)
	if err != nil {
		return err
	}
	if err := v.addRecorders(&p); err != nil {
		return err
	}
	p.Decisions = listed.Decisions
	p.read(&v.lang)
	picture := v.timeline(bases.Bases, &p)
	p.Picture, p.Narrow = picture.SVG(), picture.Narrow()
	v.page(http.StatusOK, "person", v.say("person"), &p)
	return nil
}

// The days of acts that are read to find out who recorded the facts of a person, and the longest time between an act
// and its fact.
const (
	maxActDays = 4
	actNear    = 10 * time.Second
)

// addRecorders finds in the journal of acts who recorded the facts that no platform reported: an act about the person
// or the request at the time of the fact.
func (v *visit) addRecorders(p *personPage) error {
	byDay := map[string][]act{}
	for i := range slices.Backward(p.Explain.Facts) {
		f := &p.Explain.Facts[i]
		if f.Source != sourceHand || f.Received.IsZero() {
			continue
		}
		day := day(f.Received, v.place.zone())
		if _, read := byDay[day]; !read {
			if len(byDay) == maxActDays {
				continue
			}
			var page journalPage
			if err := v.api.get(v.r.Context(), "/v1/acts?"+actFilter{From: day, To: day}.query(""), &page); err != nil {
				return err
			}
			byDay[day] = page.Acts
		}
		for _, a := range byDay[day] {
			if a.About != "" && (a.About == f.Ref || a.About == p.ID) && a.At.Sub(f.Received).Abs() < actNear {
				f.By = a.By
			}
		}
	}
	return nil
}

// read works out what follows from the answers.
func (p *personPage) read(*language) {
	for i := range p.Report.Held {
		h := &p.Report.Held[i]
		switch {
		case h.LastDay == "":
		case p.Next == "" || h.LastDay < p.Next:
			p.Next, p.NextData = h.LastDay, []text{h.Name}
		case h.LastDay == p.Next && !slices.Contains(p.NextData, h.Name):
			p.NextData = append(p.NextData, h.Name)
		}
	}
	for _, n := range p.Report.Names {
		if isAddress(n) {
			p.Emails = append(p.Emails, n)
		}
	}
	p.readObjections()
	p.readCertificates()
	open := map[string]bool{}
	for i := range p.Explain.Facts {
		f := &p.Explain.Facts[i]
		if f.Ref != "" && !slices.Contains(p.Records, f.Ref) && !strings.HasSuffix(f.Kind, "_request") {
			p.Records = append(p.Records, f.Ref)
		}
		switch f.Kind {
		case "hold":
			open[f.Ref] = true
		case "release":
			delete(open, f.Ref)
		}
	}
	for ref := range open {
		p.Holds = append(p.Holds, ref)
	}
	slices.Sort(p.Holds)
	for _, e := range slices.Backward(p.Explain.Journal) {
		if e.What == "alarm" && len(p.Alarms) < maxShown {
			p.Alarms = append(p.Alarms, alarm{At: e.At, Key: e.Key, Text: e.Text})
		}
	}
}

// isAddress reports whether a name is an e-mail address.
func isAddress(name string) bool { return strings.Contains(name, "@") && !strings.Contains(name, ":") }

// timeline draws the bases and facts of a person.
func (v *visit) timeline(bases []basis, p *personPage) *timeline.Picture {
	today := v.say("timeline_today")
	if p.At != "" {
		today = v.say("timeline_day")
	}
	picture := &timeline.Picture{
		At:    v.opts.Now(),
		Words: timeline.Words{Today: today, Facts: v.say("timeline_facts"), NoEnd: v.say("no_end"), Until: v.say("until")},
	}
	if zone, err := time.LoadLocation(p.Report.Zone); err == nil {
		picture.Zone = zone
		if day, err := calendar.Parse(p.At); err == nil {
			picture.At = day.End(zone).Add(-time.Second)
		}
	}
	for _, b := range bases {
		picture.Bases = append(picture.Bases, timeline.Basis{
			Purpose: v.say("purpose_" + b.Purpose), Article: b.Article, Since: b.Since, Until: b.Until,
		})
	}
	for i := range p.Explain.Facts {
		f := &p.Explain.Facts[i]
		picture.Marks = append(picture.Marks, timeline.Mark{At: f.Occurred, Name: v.say("fact_" + f.Kind)})
	}
	return picture
}

// wordings are the texts to which persons consent, of the policy in force.
func (v *visit) wordings() ([]wording, error) {
	var out struct {
		Wordings []wording `json:"wordings"`
	}
	err := v.api.get(v.r.Context(), "/v1/policy", &out)
	return out.Wordings, err
}

// back returns to the page of the person of the address.
func (v *visit) back() error {
	return v.redirect("/console/people/" + url.PathEscape(v.r.PathValue("id")))
}

// order sends an order about the person of the address, and returns to the page.
func (v *visit) order(path string, order map[string]any) error {
	order["person"] = "subject:" + v.r.PathValue("id")
	if err := v.api.post(v.r.Context(), path, order, nil); err != nil {
		return err
	}
	return v.back()
}

// reason returns the reason of a form.
func (v *visit) reason() (string, error) {
	reason := strings.TrimSpace(v.r.PostFormValue("reason"))
	if reason == "" {
		return "", &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("reason_missing")}
	}
	return reason, nil
}

// hold sets a legal hold on a record or on all records of a person.
func (v *visit) hold() error {
	reason, err := v.reason()
	if err != nil {
		return err
	}
	return v.order("/v1/holds", map[string]any{"reason": reason, "record": v.r.PostFormValue("record")})
}

func (v *visit) release() error {
	return v.order("/v1/holds/release", map[string]any{"record": v.r.PostFormValue("record")})
}

// rightIDs, groundIDs and wayIDs are what the form of a request offers.
func rightIDs() []string {
	return []string{"erasure", "access", "rectification", "restriction", "portability", "objection"}
}

func groundIDs() []string { return []string{"inaccurate", "unlawful", "for_claims", "objected"} }

func wayIDs() []string { return stringsOf(fact.Ways()) }

// Rights, Grounds and Ways are the choices of the form of a request.
func (*personPage) Rights() []string { return rightIDs() }

// Grounds are the grounds of a restriction.
func (*personPage) Grounds() []string { return groundIDs() }

// Ways are the ways by which a request comes.
func (*personPage) Ways() []string { return wayIDs() }

// openRequest opens a request for a right.
func (v *visit) openRequest() error {
	order := map[string]any{
		"right": v.r.PostFormValue("right"), "unverified": v.r.PostFormValue("unverified") != "",
	}
	way, ground := v.r.PostFormValue("way"), v.r.PostFormValue("ground")
	err := cmp.Or(
		v.checkOption(v.r.PostFormValue("right"), rightIDs()...), v.checkOption(ground, groundIDs()...),
		v.checkOption(way, wayIDs()...), v.addDay(order),
	)
	if err != nil {
		return err
	}
	if way != "" {
		order["way"] = way
	}
	if order["right"] == "restriction" {
		order["ground"] = ground
	}
	if order["right"] == "erasure" {
		order["unverified"] = true // the page of the request shows what would be erased, and asks
	}
	var opened struct {
		Ref   string `json:"ref"`
		State string `json:"state"`
	}
	order["person"] = "subject:" + v.r.PathValue("id")
	if err := v.api.post(v.r.Context(), "/v1/requests", order, &opened); err != nil {
		return err
	}
	if opened.State == "answered" {
		return v.back()
	}
	return v.redirect("/console/requests/" + url.PathEscape(opened.Ref))
}

// addDay adds the day of a form to an order; an empty day means now. The interface refuses a day in the future.
func (v *visit) addDay(order map[string]any) error {
	day := v.r.PostFormValue("day")
	if day == "" {
		return nil
	}
	if err := v.checkDay(day); err != nil {
		return err
	}
	order["at"] = day
	return nil
}

// consent records a consent with its proof.
func (v *visit) consent() error {
	order := map[string]any{
		"wording": v.r.PostFormValue("wording"), "form": strings.TrimSpace(v.r.PostFormValue("form")),
		"person": v.r.PostFormValue("address"),
	}
	wordings, err := v.wordings()
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(wordings, func(w wording) bool { return w.ID == order["wording"] })
	if err := v.addDay(order); err != nil {
		return err
	}
	if !known {
		return v.noOption()
	}
	var person struct {
		Subject string `json:"subject"`
	}
	// The address must belong to the person of the page.
	who := map[string]any{"person": v.r.PostFormValue("address")}
	if err := v.api.post(v.r.Context(), "/v1/subjects", who, &person); err != nil {
		return err
	}
	if person.Subject != v.r.PathValue("id") {
		return errUnknown
	}
	if err := v.api.post(v.r.Context(), "/v1/consents", order, nil); err != nil {
		return err
	}
	return v.back()
}

func (v *visit) split() error {
	if err := v.r.ParseForm(); err != nil {
		return errUnknown
	}
	return v.order("/v1/subjects/split", map[string]any{"names": v.r.PostForm["names"]})
}

func (v *visit) join() error {
	other := strings.TrimSpace(v.r.PostFormValue("other"))
	var joined struct {
		Subject string `json:"subject"`
	}
	err := v.api.post(v.r.Context(), "/v1/subjects/join",
		map[string]any{"persons": []string{"subject:" + v.r.PathValue("id"), other}}, &joined)
	if err != nil {
		return err
	}
	return v.redirect("/console/people/" + url.PathEscape(joined.Subject))
}

func (v *visit) seen() error { return v.order("/v1/alarms/seen", map[string]any{}) }

// export answers with a document for the person.
func (v *visit) export() error {
	form, id := v.r.URL.Query().Get("form"), v.r.PathValue("id")
	kinds := map[string][2]string{
		"page":     {"text/html; charset=utf-8", "rodopath-art-15.html"},
		"portable": {"application/json", "rodopath-art-20.json"},
		"answer":   {"text/plain; charset=utf-8", "rodopath-list.txt"},
	}
	kind, ok := kinds[form]
	if !ok {
		return errUnknown
	}
	if err := v.read("export "+form, id); err != nil {
		return err
	}
	body, err := v.api.text(v.r.Context(), http.MethodPost, "/v1/export",
		map[string]any{"person": "subject:" + id, "form": form, "lang": string(v.lang)})
	if err != nil {
		return err
	}
	return v.download(kind[0], kind[1], body)
}
