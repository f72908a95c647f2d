package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
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
	About string    `json:"about"`
}

// journalPage lists the acts, the newest first.
type journalPage struct {
	Acts []act `json:"acts"`
	Next int64 `json:"next"`
	// Years are those of which a report can be made.
	Years []int
}

// yearsBack is the number of years before this one of which a report is offered.
const yearsBack = 5

func (v *visit) journal() error {
	path := "/v1/acts"
	if before := v.r.URL.Query().Get("before"); before != "" {
		path += "?" + url.Values{"before": {before}}.Encode()
	}
	var p journalPage
	if err := v.api.get(v.r.Context(), path, &p); err != nil {
		return err
	}
	for y := range yearsBack + 1 {
		p.Years = append(p.Years, v.opts.Now().Year()-y)
	}
	v.page(http.StatusOK, "journal", v.say("journal"), p)
	return nil
}

// beginReport begins the report of a year.
func (v *visit) beginReport() error {
	year, err := strconv.Atoi(v.r.PostFormValue("year"))
	if err != nil {
		return errUnknown
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
