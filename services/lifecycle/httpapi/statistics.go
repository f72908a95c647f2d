package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/statistics"
)

// annualReport is the report of a year for an auditor: the sums, and the state of the journals.
type annualReport struct {
	Controller string          `json:"controller"`
	At         time.Time       `json:"at"`
	Policy     string          `json:"policy"`
	Statistics statistics.Year `json:"statistics"`
	Journals   journal.Report  `json:"journals"`
	// Incomplete says which persons are missing, and why; absent for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// reported is a line of the answer of a report: the progress, and in the end the report, signed.
type reported struct {
	progress

	Report *annualReport       `json:"report,omitempty"`
	Signed *certificate.Signed `json:"signed,omitempty"`
}

// The years of a report.
const (
	firstYear = 2018 // the GDPR applies since 25 May 2018 (Art. 99(2))
	lastYear  = 2200
)

// annual reports a civil year: requests, deletions and acts, with the verification of all journals. The answer is one
// JSON object a line: the progress, and in the end the report with its signature under the key of the certificates.
func (a *API) annual(c echo.Context) error {
	year := calendar.In(a.opts.Now(), a.opts.Policy.Place.Zone).Year
	if text := c.QueryParam("year"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < firstYear || n > lastYear {
			return problem.New(http.StatusUnprocessableEntity, "impossible", "year must be a year such as 2026.")
		}
		year = n
	}
	ctx, counter := c.Request().Context(), statistics.NewCounter(a.opts.Policy, year, a.opts.Now())
	w, err := a.walkShown(c, counter.AddPerson)
	if err != nil {
		return err
	}
	if err := a.addEntries(ctx, counter); err != nil {
		return err
	}
	verified, err := a.opts.Verify(ctx)
	if err != nil {
		return err
	}
	report := &annualReport{
		Controller: a.opts.Controller, At: a.opts.Now().UTC(), Policy: a.opts.Policy.Revision, Statistics: counter.Year(),
		Journals: *verified, Incomplete: w.incomplete,
	}
	signed, err := certificate.SignReport(report, a.opts.Vault.SigningKeys()[0])
	if err != nil {
		return err
	}
	return w.lines.encode(reported{w.progress, report, signed})
}

// addEntries counts the entries of all journals.
func (a *API) addEntries(ctx context.Context, counter *statistics.Counter) error {
	after := ""
	for {
		entries, err := a.opts.Journal.WalkJournal(ctx, after, journalPage)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			counter.AddEntry(&entries[i])
		}
		after = entries[len(entries)-1].Subject
	}
}

// journalPage is the number of journals that are read at once.
const journalPage = 500
