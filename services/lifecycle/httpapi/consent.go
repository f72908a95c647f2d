package httpapi

import (
	"bytes"
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// formPage names the consent page as the form in the evidence of a consent.
const formPage = "consent-page"

// consentQuestion is the question of a consent page with its state.
type consentQuestion struct {
	id       string
	decision *receipt.Decision
	state    report.ConsentState
	// addresses are the addresses of the person, shown in part.
	addresses []string
	// text is the wording in language, as shown.
	text, language string
}

// consentPage shows the page on which a person gives or withdraws a consent. A GET changes nothing,
// because mail programs fetch links.
func (a *API) consentPage(c echo.Context) error {
	q, err := a.questionOf(c)
	if err != nil {
		return err
	}
	return a.writeConsent(c, q)
}

// maxForm bounds the form of a page.
const maxForm = 1 << 10

// consentAnswer publishes the answer of the person. The fact is applied later; the page already
// shows the new state.
func (a *API) consentAnswer(c echo.Context) error {
	ctx := c.Request().Context()
	q, err := a.questionOf(c)
	if err != nil {
		return err
	}
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxForm)
	if f := a.answerOf(q, c.FormValue("act"), c.FormValue("agree") != ""); f != nil {
		f.Shown = q.text
		if _, err := a.publishFact(ctx, *f, nil, identity.DecisionLocator(q.id)); err != nil {
			return err
		}
	}
	return a.writeConsent(c, q)
}

// answerOf returns the fact of a submitted button; nil when nothing changes. The state of q is updated. A withdrawal
// counts whatever state is applied: the agreement before it may still wait in the stream.
func (a *API) answerOf(q *consentQuestion, act string, ticked bool) *fact.Fact {
	open := q.state == report.ConsentOpen
	switch {
	case q.decision == nil:
		return nil
	case q.state == report.ConsentDeclined && !a.withdrawals.allow(q.id, a.opts.Now()):
		return nil
	case act == "withdraw", act == "decline" && q.state == report.ConsentAgreed:
		q.state = report.ConsentDeclined
		return receipt.Withdrawal(a.opts.Policy, q.decision, formPage, a.opts.Now())
	case open && act == "agree" && ticked:
		q.state = report.ConsentAgreed
		return receipt.Answer(a.opts.Policy, q.decision, fact.OutcomeGranted, formPage, a.opts.Now())
	case open && act == "agree":
		q.state = report.ConsentUnticked
	case open && act == "decline":
		q.state = report.ConsentDeclined
		return receipt.Answer(a.opts.Policy, q.decision, fact.OutcomeRefused, formPage, a.opts.Now())
	}
	return nil
}

// questionOf returns the question of a token with its state, in the language of the request. A foreign token, or the
// token of a removed subject, leads to a closed question.
func (a *API) questionOf(c echo.Context) (*consentQuestion, error) {
	over := &consentQuestion{state: report.ConsentOver}
	decision, generation, ours := a.opts.Vault.PageDecision(c.Param("token"))
	if !ours {
		return over, nil
	}
	s, err := a.opts.Directory.Decision(c.Request().Context(), decision)
	if s == nil || err != nil {
		return over, err
	}
	d := receipt.NoticeOf(s, decision)
	if d == nil || d.Question == nil || d.Generation >= 0 && d.Generation != generation {
		return over, nil
	}
	q := &consentQuestion{id: decision, decision: d, state: a.stateOf(s, d)}
	q.text, q.language = a.textOf(d, c.QueryParam("lang"))
	q.addresses, err = a.maskedAddresses(s)
	return q, err
}

// textOf returns the text of a question in a language, or else as the question was announced.
func (a *API) textOf(d *receipt.Decision, language string) (text, is string) {
	if w, ok := a.opts.Policy.WordingAt(d.Question.Wording, d.At); ok && w.Text == d.Question.Text && language != "" {
		return w.In(language)
	}
	return d.Question.Text, d.Question.Language
}

// maskedAddresses returns the addresses of a person, each shown in part.
func (a *API) maskedAddresses(s *lifecycle.Subject) ([]string, error) {
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range names {
		if name.Kind == identity.KindEmail {
			out = append(out, display.MaskedAddress(name.Value))
		}
	}
	return out, nil
}

func (a *API) stateOf(s *lifecycle.Subject, d *receipt.Decision) report.ConsentState {
	at := a.opts.Now()
	state := report.ConsentOver
	if d.Open && at.Before(d.Question.Until) {
		state = report.ConsentOpen
	}
	for _, c := range s.Consents(a.opts.Policy, at) {
		if c.Purpose != d.Question.Purpose || c.Channel != d.Question.Channel {
			continue
		}
		switch c.State {
		case rules.ConsentGiven:
			return report.ConsentAgreed
		case rules.ConsentRefused, rules.ConsentWithdrawn, rules.ConsentObjected:
			state = report.ConsentDeclined
		}
	}
	return state
}

// writeConsent writes the page with headers against caching, framing and referrers.
func (a *API) writeConsent(c echo.Context, q *consentQuestion) error {
	in := report.ConsentQuestion{
		Controller: a.opts.Controller, Contact: a.opts.Policy.Contact, State: q.state, Addresses: q.addresses,
		Text: q.text, Language: q.language,
	}
	lang := report.Polish
	if is := cmp.Or(c.QueryParam("lang"), q.language); is == string(report.English) {
		lang = report.English
	}
	var page bytes.Buffer
	if err := report.ConsentPage(&page, lang, in); err != nil {
		return err
	}
	setPageHeaders(c.Response().Header())
	status := http.StatusOK
	if q.state == report.ConsentOver {
		status = http.StatusNotFound
	}
	return c.Blob(status, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}

// withdrawals bounds the repeated withdrawals on one page. A withdrawal after an agreement is never limited.
type withdrawals struct {
	mu    sync.Mutex
	paces map[string]*rate.Limiter
}

const (
	// A person may withdraw again a few times, and then once a minute.
	withdrawAgain = 3
	withdrawEvery = time.Minute
	// pagesRemembered bounds the pages that are remembered at once.
	pagesRemembered = 4096
)

// allow counts a withdrawal on the page of a decision, and reports whether it is worth a fact.
func (w *withdrawals) allow(decision string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	pace := w.paces[decision]
	if pace == nil {
		if w.paces == nil || len(w.paces) >= pagesRemembered {
			w.paces = map[string]*rate.Limiter{}
		}
		pace = rate.NewLimiter(rate.Every(withdrawEvery), withdrawAgain)
		w.paces[decision] = pace
	}
	return pace.AllowN(now, 1)
}
