package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/statistics"
)

// act is an act of a person in the journal of the installation.
type act struct {
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Act   string    `json:"act"`
	Kind  string    `json:"kind"`
	About string    `json:"about"`
}

// To is the page of the person, request, decision or source of the act; empty without one.
func (a *act) To() string {
	id := url.PathEscape(a.About)
	switch {
	case a.About == "":
		return ""
	case a.Kind == "request":
		return "/console/requests/" + id
	case a.Kind == "person", a.Act == "export":
		return "/console/people/" + id
	case a.Kind == "deletion" && strings.HasPrefix(a.About, "dec_"):
		return "/console/decisions/" + id
	case a.Act == "product":
		source, _, _ := strings.Cut(a.About, ":")
		return "/console/setup/" + url.PathEscape(source)
	case a.Act == "coverage", strings.HasPrefix(a.Act, "import"):
		return "/console/setup/" + id
	}
	return ""
}

// actFilter is which acts the reader asks for.
type actFilter struct{ Kind, By, From, To string }

// Any reports whether the list is narrowed.
func (f actFilter) Any() bool { return f != actFilter{} }

func actFilterOf(q url.Values) actFilter {
	return actFilter{Kind: q.Get("kind"), By: strings.TrimSpace(q.Get("by")), From: q.Get("from"), To: q.Get("to")}
}

// query is the question to the interface.
func (f actFilter) query(before string) string {
	q := url.Values{}
	for name, is := range map[string]string{"kind": f.Kind, "by": f.By, "from": f.From, "to": f.To, "before": before} {
		if is != "" {
			q.Set(name, is)
		}
	}
	return q.Encode()
}

// journalPage lists the acts, the newest first.
type journalPage struct {
	Acts []act `json:"acts"`
	Next int64 `json:"next"`
	// Filter is what the list is narrowed to, Kinds what the form offers.
	Filter actFilter
	Kinds  []journal.ActKind
	// Years are those of which a report can be made.
	Years []int
}

// yearsBack is the number of years before this one of which a report is offered.
const yearsBack = 5

func (v *visit) journal() error {
	q := v.r.URL.Query()
	p := journalPage{Filter: actFilterOf(q), Kinds: journal.ActKinds()}
	err := cmp.Or(
		v.checkOption(p.Filter.Kind, stringsOf(p.Kinds)...),
		v.checkDay(p.Filter.From),
		v.checkDay(p.Filter.To),
	)
	if err != nil {
		return err
	}
	if err := v.api.get(v.r.Context(), "/v1/acts?"+p.Filter.query(q.Get("before")), &p); err != nil {
		return err
	}
	p.Years = v.years()
	v.page(http.StatusOK, "journal", v.say("journal"), p)
	return nil
}

// years are those of which a report is offered, the latest first.
func (v *visit) years() []int {
	out := make([]int, 0, yearsBack+1)
	for y := range yearsBack + 1 {
		out = append(out, v.place.year()-y)
	}
	return out
}

// decision leads from a decision to the person whom it is about.
func (v *visit) decision() error {
	var d decided
	if err := v.api.get(v.r.Context(), "/v1/decisions/"+url.PathEscape(v.r.PathValue("id")), &d); err != nil {
		return err
	}
	return v.redirect("/console/people/" + url.PathEscape(d.Subject) + "#told")
}

// beginReport begins the report of a year.
func (v *visit) beginReport() error {
	year, err := strconv.Atoi(v.r.PostFormValue("year"))
	if err != nil || !slices.Contains(v.years(), year) {
		return v.noOption()
	}
	id, err := v.startWork(workReport, http.MethodGet, "/v1/journal/report?year="+strconv.Itoa(year), nil)
	if err != nil {
		return err
	}
	return v.redirect("/console/journal/reports/" + id)
}

// annual is the report of a year.
type annual struct {
	Controller string          `json:"controller"`
	At         time.Time       `json:"at"`
	Policy     string          `json:"policy"`
	Statistics statistics.Year `json:"statistics"`
	Journals   journal.Report  `json:"journals"`
	Incomplete string          `json:"incomplete"`
}

// annualPage is the report of a year, while it is made or when it is there.
type annualPage struct {
	Work   workState
	Report *annual
}

// annual shows the report, or, with ?form=signed, answers with its signed form as a file.
func (v *visit) annual() error {
	w, err := v.workOf(workReport)
	if err != nil {
		return err
	}
	var line struct {
		Report *annual         `json:"report"`
		Signed json.RawMessage `json:"signed"`
	}
	ready, err := v.works.read(v.r.Context(), w, &line)
	if err != nil {
		return err
	}
	if ready && v.r.URL.Query().Get("form") == "signed" {
		name := "rodopath-" + strconv.Itoa(line.Report.Statistics.Year) + ".json"
		return v.download("application/json", name, line.Signed)
	}
	v.page(http.StatusOK, "annual", v.say("annual"), annualPage{v.stateOfWork(w), line.Report})
	return nil
}
