package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// exportRequest asks for a document for the person.
type exportRequest struct {
	personRequest
	// Form is "report" (Art. 15, JSON), "page" (the same, to print), "portable"
	// (Art. 20, JSON) or "answer" (a draft of the letter that answers a request; of an answered request the letter as it
	// stood on the day of the answer).
	Form string `json:"form" validate:"omitempty,oneof=report page portable answer"`
	// Lang is "pl" or "en"; empty means Polish.
	Lang string `json:"lang" validate:"omitempty,oneof=pl en"`
	// Request is the ref of the answered request; empty means the newest.
	Request string `json:"request" validate:"max=64"`
	// View reports whether the document is only shown: then no export is recorded as an act.
	View bool `json:"view"`
}

const exportExample = `{"person": "ala@example.com", "form": "page", "lang": "pl"}`

func (a *API) export(c echo.Context) error {
	var req exportRequest
	if err := a.read(c, &req, exportExample); err != nil {
		return err
	}
	f, err := a.find(c.Request().Context(), req.personRequest)
	if err != nil {
		return err
	}
	concern(c, f.subject.ID)
	if req.View {
		c.Set(actNone, true)
	}
	lang, err := language(req.Lang, report.Polish)
	if err != nil {
		return err
	}
	if req.Form == "portable" {
		return indented(c, report.Portable(a.opts.Policy, f.shownNames(a), f.subject, f.at))
	}
	entries, err := a.entries(c.Request().Context(), &f.subject)
	if err != nil {
		return err
	}
	if req.Form == "answer" {
		return a.answer(c, lang, f, req.Request, entries)
	}
	person := report.Of(a.opts.Policy, f.shownNames(a), f.subject, f.at, entries)
	person.Address = report.AddressOf(&person, a.addressOf(&f.subject, f.names, f.at))
	if req.Form != "page" {
		return indented(c, person)
	}
	var page bytes.Buffer
	if err := report.Page(&page, lang, person); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}

func indented(c echo.Context, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, append(data, '\n'))
}

// answer drafts the answer to a request of a person. The letter of a request that was answered is that of the day of
// the answer.
func (a *API) answer(c echo.Context, lang report.Language, f *found, ref string, entries []chain.Entry) error {
	var request *rights.Request
	for _, r := range rights.Requests(a.opts.Policy, f.subject.Facts, f.at) {
		latest := r.Mistaken == nil && (request == nil || r.Received.After(request.Received))
		if r.Ref == ref || ref == "" && latest {
			request = &r
		}
	}
	if request == nil {
		return problem.New(http.StatusNotFound, "unknown-request", "The person has no such request.")
	}
	if request.Mistaken != nil {
		return problem.New(http.StatusConflict, string(rights.CauseMistaken),
			"The request was recorded by mistake and is closed without an answer, so there is no letter.")
	}
	var letter bytes.Buffer
	var err error
	if request.Answered != nil {
		address := a.addressOn(f, report.BeforeAnswer(request))
		err = report.Answered(&letter, lang, a.opts.Policy, f.subject, *request, address, entries, a.opts.Now())
	} else {
		err = report.Answer(&letter, lang, a.opts.Policy, f.subject, *request, a.addressOn(f, f.at), f.at)
	}
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextPlainCharsetUTF8, letter.Bytes())
}

// evidenceLine is one consent with its evidence.
type evidenceLine struct {
	Subject string   `json:"subject"`
	Person  []string `json:"person"`
	report.Evidence
}

// evidence lists the consents without sufficient evidence, one a line; with all=1 all consents in
// force.
func (a *API) evidence(c echo.Context) error {
	all, out := c.QueryParam("all") == "1", newLines(c)
	return a.walk(
		c.Request().Context(),
		func(s *lifecycle.Subject) error { return a.evidenceOf(out, s, all) },
	)
}

func (a *API) evidenceOf(out lines, s *lifecycle.Subject, all bool) error {
	list := report.EvidenceOf(a.opts.Policy, *s, a.opts.Now())
	list = slices.DeleteFunc(list, func(e report.Evidence) bool { return e.Provable && !all })
	if len(list) == 0 {
		return nil
	}
	names, err := a.shownNames(s)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := out.encode(evidenceLine{s.ID, names, e}); err != nil {
			return err
		}
	}
	return nil
}
