package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
	"github.com/rodopath/rodopath/services/lifecycle/internal/report"
	"github.com/rodopath/rodopath/services/lifecycle/internal/rollout"
)

// Explanation is the answer: what may be held, why and until when; and what is gone.
type Explanation struct {
	// Person names the person by every name that is known.
	Person []string `json:"person"`
	lifecycle.Explanation
	// Journal is what was decided by then: for what is gone, when and why.
	Journal []lifecycle.Entry `json:"journal,omitempty"`
}

// explain answers in JSON, or as text for people when that is asked for.
func (a *API) explain(c echo.Context) error {
	lang, err := language(c.QueryParam("lang"), report.English)
	if err != nil {
		return err
	}
	f, err := a.person(c)
	if err != nil {
		return err
	}
	entries, err := a.entries(c.Request().Context(), &f.subject)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e lifecycle.Entry) bool { return e.At.After(f.at) })
	e := lifecycle.Explain(a.opts.Policy, f.subject, f.at)
	if !strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextPlain) {
		return c.JSON(http.StatusOK, Explanation{described(f.names), e, entries})
	}
	var text bytes.Buffer
	if err := report.Explain(&text, lang, a.opts.Policy, described(f.names), e, entries); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextPlainCharsetUTF8, text.Bytes())
}

// language reads the language of an answer.
func language(s string, otherwise report.Language) (report.Language, error) {
	if s == "" {
		return otherwise, nil
	}
	lang, err := report.ParseLanguage(s)
	if err != nil {
		return lang, problem.New(http.StatusUnprocessableEntity, "impossible", "lang must be pl or en.")
	}
	return lang, nil
}

// entries reads the journal of a subject, and of those that it absorbed, in time.
func (a *API) entries(ctx context.Context, s *lifecycle.Subject) ([]lifecycle.Entry, error) {
	out := []lifecycle.Entry{}
	for _, id := range append(slices.Clone(s.MergedFrom), s.ID) {
		entries, err := a.opts.Journal.Entries(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, entries...)
	}
	slices.SortStableFunc(out, func(x, y lifecycle.Entry) int { return x.At.Compare(y.At) })
	return out, nil
}

// journalAnswer is the journal of a person.
type journalAnswer struct {
	Subject string            `json:"subject"`
	Entries []lifecycle.Entry `json:"entries"`
}

// journal shows what was decided about a person. Named by the id of the subject, it
// is shown also when nothing else is left.
func (a *API) journal(c echo.Context) error {
	var req personRequest
	if err := a.read(c, &req, personExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	name, err := identity.Parse(req.Person)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	s, err := a.lookUp(ctx, name)
	if err != nil {
		return err
	}
	if s == nil && name.Kind == kindSubject {
		s = &lifecycle.Subject{ID: name.Value}
	}
	if s == nil {
		return problem.New(http.StatusNotFound, "unknown-person", "Nothing is held about this person.")
	}
	entries, err := a.entries(ctx, s)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, journalAnswer{s.ID, entries})
}

func (a *API) verify(c echo.Context) error {
	r, err := a.opts.Verify(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// policyAnswer says which policy is in force, and whether one waits.
type policyAnswer struct {
	Policy   string            `json:"policy"`
	Revision string            `json:"revision"`
	File     string            `json:"file"`
	Choices  map[string]string `json:"choices"`
	// Earlier are the revisions that were in force before, oldest first.
	Earlier []string `json:"earlier"`
	// Waiting needs approval before it is in force.
	Waiting *rollout.Waiting `json:"waiting,omitempty"`
}

func (a *API) policy(c echo.Context) error {
	p := a.opts.Policy
	out := policyAnswer{Policy: p.ID, Revision: p.Revision, File: p.File, Choices: p.Choices, Earlier: []string{}, Waiting: a.opts.Waiting}
	for i := range p.Earlier {
		out.Earlier = append(out.Earlier, p.Earlier[i].Policy.Revision)
	}
	return c.JSON(http.StatusOK, out)
}
