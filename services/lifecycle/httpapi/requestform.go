package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/mail"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/requestform"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// Mailer sends mail.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Form configures the form for requests of data subjects.
type Form struct {
	Mail  Mailer
	Quota *requestform.Quota
	// Arrived is told of each request that was verified, with the words of the person; nil tells nobody.
	Arrived func(ctx context.Context, r rights.Request, words string)
}

// The fields of the form.
const (
	maxFormWords = 2000
	maxFormBody  = 16 << 10
	// trap is a field that no person sees, and that programs fill.
	trap = "website"
)

// formLanguage is the language of a page of the form.
func formLanguage(c echo.Context) report.Language {
	if c.QueryParam("lang") == string(report.English) ||
		c.QueryParam("lang") == "" && strings.HasPrefix(c.Request().Header.Get("Accept-Language"), "en") {
		return report.English
	}
	return report.Polish
}

// requestForm shows the form.
func (a *API) requestForm(c echo.Context) error {
	return a.writeForm(c, http.StatusOK, report.RequestForm{State: report.FormAsk})
}

// sendCode mails a code to the mailbox of the form. The answer is the same for known and unknown mailboxes.
func (a *API) sendCode(c echo.Context) error {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxFormBody)
	in := report.RequestForm{
		State: report.FormAsk, Right: c.FormValue("right"), Email: strings.TrimSpace(c.FormValue("email")),
		Words: strings.TrimSpace(c.FormValue("words")),
	}
	name, err := identity.Parse(in.Email)
	if err != nil || name.Kind != identity.KindEmail || !slices.Contains(report.FormRights(), in.Right) ||
		len([]rune(in.Words)) > maxFormWords || c.FormValue(trap) != "" {
		in.State = report.FormInvalid
		return a.writeForm(c, http.StatusUnprocessableEntity, in)
	}
	now, lang := a.opts.Now(), formLanguage(c)
	if !a.opts.Form.Quota.Allow(name.Value, access.Sender(c.Request()), now) {
		in.State = report.FormTooMany
		return a.writeForm(c, http.StatusTooManyRequests, in)
	}
	code := requestform.NewCode()
	text, err := requestform.Issue(a.opts.Vault, requestform.Ticket{
		Email: name.Value, Right: in.Right, Words: in.Words, Lang: string(lang), At: now.UTC(),
	}, code)
	if err != nil {
		return err
	}
	subject, body := report.CodeMail(lang, a.opts.Controller, in.Right, code)
	err = a.opts.Form.Mail.Send(
		c.Request().Context(),
		mail.Message{To: []string{name.Value}, Subject: subject, Text: body},
	)
	if err != nil {
		a.opts.Log.Error("the code of a request was not sent", "error", err)
		in.State = report.FormUnsent
		return a.writeForm(c, http.StatusServiceUnavailable, in)
	}
	to := url.Values{"t": {text}, "lang": {string(lang)}}
	return c.Redirect(http.StatusSeeOther, "/request/code?"+to.Encode())
}

// codeForm shows the field for the code.
func (a *API) codeForm(c echo.Context) error {
	text := c.QueryParam("t")
	if _, err := requestform.Open(a.opts.Vault, text, a.opts.Now()); err != nil {
		return a.writeForm(c, http.StatusGone, report.RequestForm{State: report.FormExpired})
	}
	return a.writeForm(c, http.StatusOK, report.RequestForm{State: report.FormCode, Ticket: text})
}

// verifyCode opens the request of a ticket whose code is right. The mailbox is the identity of the person (Art. 12(6)).
func (a *API) verifyCode(c echo.Context) error {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxFormBody)
	text := c.FormValue("t")
	ticket, err := requestform.Open(a.opts.Vault, text, a.opts.Now())
	if err != nil {
		return a.writeForm(c, http.StatusGone, report.RequestForm{State: report.FormExpired})
	}
	if err := ticket.Check(c.FormValue("code")); err != nil {
		return a.writeForm(c, http.StatusForbidden, report.RequestForm{State: report.FormWrong, Ticket: text})
	}
	r, err := a.openFrom(c.Request().Context(), ticket)
	if err != nil {
		return err
	}
	return a.writeForm(c, http.StatusOK, report.RequestForm{
		State: report.FormDone, Right: ticket.Right, Ref: r.Ref, LastDay: r.LastDay,
	})
}

// openFrom records the request of a ticket, once.
func (a *API) openFrom(ctx context.Context, t requestform.Ticket) (rights.Request, error) {
	now := a.opts.Now()
	f := fact.Fact{
		ID: t.Ref(), Kind: rights.KindOf(t.Right), Ref: t.Ref(), Occurred: now, Received: now,
		Traits: []string{fact.WayForm.Trait()},
	}
	existing, err := a.lookUp(ctx, identity.Identity{Kind: kindRequest, Value: f.Ref})
	if err != nil {
		return rights.Request{}, err
	}
	if existing == nil {
		name, err := identity.Parse(t.Email)
		if err != nil {
			return rights.Request{}, err
		}
		if err := a.recordFact(ctx, f, []identity.Identity{name}, kindRequest+":"+f.Ref); err != nil {
			return rights.Request{}, err
		}
	}
	// An objection to marketing needs no decision, and has no deadline.
	out := rights.Request{Ref: f.Ref, Right: f.Kind, Received: now}
	if r := rights.Requests(a.opts.Policy, []fact.Fact{f}, now); len(r) > 0 {
		out = r[0]
	}
	if existing == nil {
		a.confirmReceipt(ctx, t, out)
	}
	return out, nil
}

// confirmReceipt tells the person and the controller of a request. The request stands also when no mail can be sent.
func (a *API) confirmReceipt(ctx context.Context, t requestform.Ticket, r rights.Request) {
	lang := report.Polish
	if t.Lang == string(report.English) {
		lang = report.English
	}
	subject, text := report.ReceiptMail(lang, a.opts.Controller, t.Right, r)
	err := a.opts.Form.Mail.Send(ctx, mail.Message{To: []string{t.Email}, Subject: subject, Text: text})
	if err != nil {
		a.opts.Log.Error("the receipt of a request was not confirmed by mail", "ref", r.Ref, "error", err)
	}
	if a.opts.Form.Arrived != nil {
		a.opts.Form.Arrived(ctx, r, t.Words)
	}
}

// writeForm writes a page of the form, with headers against caching, framing and referrers.
func (a *API) writeForm(c echo.Context, status int, in report.RequestForm) error {
	in.Controller, in.Contact = a.opts.Controller, a.opts.Policy.Contact
	var page bytes.Buffer
	if err := report.RequestPage(&page, formLanguage(c), in); err != nil {
		return err
	}
	setPageHeaders(c.Response().Header())
	return c.Blob(status, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}
