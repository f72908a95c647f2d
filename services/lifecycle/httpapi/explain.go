package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
)

// Explanation is the answer: the data that may be held, with bases and retention ends, and the past
// deletions.
type Explanation struct {
	// Person lists all known names of the person.
	Person []string `json:"person"`
	lifecycle.Explanation
	// Journal lists the decisions up to the instant, including past deletions.
	Journal []chain.Entry `json:"journal,omitempty"`
}

// explain answers in JSON, or as text with Accept: text/plain.
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
	entries = slices.DeleteFunc(entries, func(e chain.Entry) bool { return e.At.After(f.at) })
	e := lifecycle.Explain(a.opts.Policy, f.subject, f.at)
	for i := range e.Requests {
		e.Requests[i].Deleted = lifecycle.DeletedFor(a.opts.Policy, &f.subject, &e.Requests[i], entries)
	}
	if !strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextPlain) {
		return c.JSON(http.StatusOK, Explanation{f.shownNames(a), e, entries})
	}
	var text bytes.Buffer
	if err := report.Explain(&text, lang, a.opts.Policy, f.shownNames(a), e, entries); err != nil {
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

// entries reads the journals of a subject and of the subjects merged into it, by time.
func (a *API) entries(ctx context.Context, s *lifecycle.Subject) ([]chain.Entry, error) {
	out := []chain.Entry{}
	for _, id := range append(slices.Clone(s.MergedFrom), s.ID) {
		entries, err := a.opts.Journal.Entries(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, entries...)
	}
	slices.SortStableFunc(out, func(x, y chain.Entry) int { return x.At.Compare(y.At) })
	return out, nil
}

// journalAnswer is the journal of a person.
type journalAnswer struct {
	Subject string        `json:"subject"`
	Entries []chain.Entry `json:"entries"`
}

// journal returns the journal of a person. With the id of the subject, the journal is returned even
// when nothing else is left of the subject.
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

// policyWording is a text to which persons consent.
type policyWording struct {
	ID       string   `json:"id"`
	Text     string   `json:"text"`
	Purposes []string `json:"purposes"`
	Channels []string `json:"channels"`
}

// policyQuestion is a consent for which persons may be asked once, with the places and the words.
type policyQuestion struct {
	Purpose string   `json:"purpose"`
	Channel string   `json:"channel"`
	Wording string   `json:"wording"`
	Text    string   `json:"text"`
	Places  []string `json:"places"`
}

// wordings returns the texts of consents that are in use, and the questions.
func (a *API) wordings() (texts []policyWording, questions []policyQuestion) {
	p, now := a.opts.Policy, a.opts.Now()
	texts, questions = []policyWording{}, []policyQuestion{}
	for i := range p.Wordings {
		w, ok := p.WordingAt(p.Wordings[i].ID, now)
		known := slices.ContainsFunc(texts, func(t policyWording) bool { return t.ID == w.ID })
		if ok && len(w.Purposes) > 0 && !known {
			texts = append(texts, policyWording{w.ID, w.Text, w.Purposes, w.Channels})
		}
	}
	for _, ask := range p.Asks {
		w, _ := p.WordingAt(ask.Wording, now)
		questions = append(questions, policyQuestion{ask.Purpose, ask.Channel, w.ID, w.Text, ask.Places})
	}
	return texts, questions
}

// policyAnswer describes the policy in force and the policy awaiting approval.
type policyAnswer struct {
	Policy   string `json:"policy"`
	Revision string `json:"revision"`
	File     string `json:"file"`
	// Zone is the zone in which the policy counts its periods, such as Europe/Warsaw.
	Zone    string            `json:"zone"`
	Choices map[string]string `json:"choices"`
	// Earlier are the former revisions, oldest first.
	Earlier []string `json:"earlier"`
	// Wordings are the texts to which a person may consent today, and Questions what persons may be asked.
	Wordings  []policyWording  `json:"wordings"`
	Questions []policyQuestion `json:"questions"`
	// Waiting is the policy awaiting approval.
	Waiting *rollout.Waiting `json:"waiting,omitempty"`
}

func (a *API) policy(c echo.Context) error {
	p := a.opts.Policy
	out := policyAnswer{
		Policy:   p.ID,
		Revision: p.Revision,
		File:     p.File,
		Zone:     p.Place.Zone.String(),
		Choices:  p.Choices,
		Earlier:  []string{},
		Waiting:  a.opts.Waiting,
	}
	out.Wordings, out.Questions = a.wordings()
	for i := range p.Earlier {
		out.Earlier = append(out.Earlier, p.Earlier[i].Policy.Revision)
	}
	return c.JSON(http.StatusOK, out)
}
