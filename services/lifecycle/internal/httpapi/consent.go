package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/internal/report"
)

// formPage is where a consent was given, in its evidence.
const formPage = "consent-page"

// consentQuestion is the question of a page: whose token was shown, and how it stands.
type consentQuestion struct {
	decision string
	question *lifecycle.Question
	state    report.ConsentState
}

// consentPage asks a person for a consent, or lets them take it back. Reading it
// changes nothing: mail programs fetch links by themselves.
func (a *API) consentPage(c echo.Context) error {
	q, err := a.questionOf(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return a.writeConsent(c, q)
}

// maxForm bounds the form of a page.
const maxForm = 1 << 10

// consentAnswer takes what the person says. It is applied a moment later, so the page
// already shows how it will be.
func (a *API) consentAnswer(c echo.Context) error {
	ctx := c.Request().Context()
	q, err := a.questionOf(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxForm)
	fact := a.answerOf(q, c.FormValue("act"), c.FormValue("agree") != "")
	if fact != nil {
		if err := a.publishFact(ctx, fact); err != nil {
			return err
		}
	}
	return a.writeConsent(c, q)
}

// answerOf is what a button of the page means, as a fact; nil when it changes nothing. It
// brings the state of the page up to date.
func (a *API) answerOf(q *consentQuestion, act string, ticked bool) *factv1.Fact {
	open := q.state == report.ConsentOpen
	switch {
	case open && act == "agree" && ticked:
		q.state = report.ConsentAgreed
		return receipt.Answer(q.decision, q.question, stream.OutcomeGranted, formPage, a.opts.Now())
	case open && act == "agree":
		q.state = report.ConsentUnticked
	case open && act == "decline":
		q.state = report.ConsentDeclined
		return receipt.Answer(q.decision, q.question, stream.OutcomeRefused, formPage, a.opts.Now())
	case q.state == report.ConsentAgreed && act == "withdraw":
		q.state = report.ConsentDeclined
		f := receipt.Answer(q.decision, q.question, stream.OutcomeRefused, formPage, a.opts.Now())
		f.Kind = factv1.Kind_KIND_UNSUBSCRIBE
		return f
	}
	return nil
}

// questionOf finds the question that a token is for, and how it stands. A token that is
// not ours, or whose person is gone, leads to a question that is over.
func (a *API) questionOf(ctx context.Context, token string) (*consentQuestion, error) {
	over := &consentQuestion{state: report.ConsentOver}
	decision, generation, ours := a.opts.Vault.PageDecision(token)
	if !ours {
		return over, nil
	}
	s, err := a.opts.Directory.Decision(ctx, decision)
	if s == nil || err != nil {
		return over, err
	}
	d := receipt.NoticeOf(s, decision)
	if d == nil || d.Question == nil || d.Generation >= 0 && d.Generation != generation {
		return over, nil
	}
	return &consentQuestion{decision, d.Question, a.stateOf(s, d)}, nil
}

func (a *API) stateOf(s *lifecycle.Subject, d *receipt.Decision) report.ConsentState {
	at := a.opts.Now()
	state := report.ConsentOver
	if d.Open && at.Before(d.Question.Until) {
		state = report.ConsentOpen
	}
	for _, c := range lifecycle.Consents(a.opts.Policy, *s, at) {
		if c.Purpose != d.Question.Purpose || c.Channel != d.Question.Channel {
			continue
		}
		switch c.State {
		case lifecycle.ConsentGiven:
			return report.ConsentAgreed
		case lifecycle.ConsentRefused, lifecycle.ConsentWithdrawn, lifecycle.ConsentObjected:
			state = report.ConsentDeclined
		}
	}
	return state
}

// writeConsent writes the page. Nothing keeps it, shows it within another page, or
// learns its address from it.
func (a *API) writeConsent(c echo.Context, q *consentQuestion) error {
	in := report.ConsentQuestion{Controller: a.opts.Controller, State: q.state}
	lang := report.Polish
	if q.question != nil {
		in.Text, in.Language = q.question.Text, q.question.Language
		lang = report.Language(in.Language)
	}
	if l := c.QueryParam("lang"); l != "" {
		lang = report.Language(l)
	}
	if lang != report.English {
		lang = report.Polish
	}
	var page bytes.Buffer
	if err := report.ConsentPage(&page, lang, in); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	status := http.StatusOK
	if q.state == report.ConsentOver {
		status = http.StatusNotFound
	}
	return c.Blob(status, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}
