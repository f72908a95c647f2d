package httpapi

import (
	"bytes"
	"context"
	"crypto/subtle"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

// workList lists the deletions that a recipient has still to carry out, the most urgent first.
func (a *API) workList(c echo.Context) error {
	recipient := c.Param("recipient")
	if !a.isRecipient(recipient) {
		return problem.New(http.StatusNotFound, "unknown-recipient", "The configuration has no recipient with this id.")
	}
	list, err := a.workListOf(c.Request().Context(), recipient)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list)
}

// workListOf returns the work list of a recipient.
func (a *API) workListOf(ctx context.Context, recipient string) (report.WorkList, error) {
	out := report.WorkList{
		Controller: a.opts.Controller, Recipient: recipient,
		Name: report.RecipientOf(a.opts.Policy, recipient).Name, Tasks: []report.Task{},
	}
	subjects, err := a.opts.Lists.Unconfirmed(ctx, maxListed)
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		tasks, err := a.tasks(ctx, s, recipient)
		out.Tasks = append(out.Tasks, tasks...)
		return err
	})
	slices.SortStableFunc(out.Tasks, func(x, y report.Task) int { return x.Due.Compare(y.Due) })
	return out, err
}

// tasks returns the deletions about a subject that a recipient has still to carry out. The names are those of the
// published decision; after the end of the stream they are known no more.
func (a *API) tasks(ctx context.Context, s *lifecycle.Subject, recipient string) ([]report.Task, error) {
	var out []report.Task
	var events []*stream.Event
	for i := range s.Notices {
		n := &s.Notices[i]
		due, awaited := n.Awaits(recipient)
		if n.Kind != stream.KindDelete || !awaited || n.Retracted() {
			continue
		}
		if events == nil {
			var err error
			if events, err = a.opts.EventsOf(ctx, s); err != nil {
				return nil, err
			}
		}
		out = append(out, a.task(n, events, due))
	}
	return out, nil
}

func (a *API) task(n *notice.Notice, events []*stream.Event, due time.Time) report.Task {
	t := report.Task{
		Decision: n.Decision, Due: due, LastDay: a.opts.Policy.LastDay(&due), Overdue: !a.opts.Now().Before(due),
		Person: []string{}, Items: []report.TaskItem{},
	}
	var items []stream.Item
	if k := slices.IndexFunc(events, func(e *stream.Event) bool { return e.ID == n.Decision }); k >= 0 {
		t.Person = append(append(t.Person, events[k].Data.Person.Emails...), events[k].Data.Person.IDs...)
		if events[k].Data.Delete != nil {
			items = events[k].Data.Delete.Items
		}
	}
	for _, item := range n.Items {
		if len(items) == 0 || item.Category == "" {
			t.Add(a.opts.Policy, item.Category, "")
		}
	}
	for _, item := range items {
		t.Add(a.opts.Policy, item.Category, item.Ref)
	}
	return t
}

// todoPage shows a recipient its work list, to tick off. The recipient signs in with its id and its token.
func (a *API) todoPage(c echo.Context) error {
	recipient, err := a.basicRecipient(c)
	if err != nil {
		return err
	}
	return a.writeTodo(c, recipient)
}

// todoDone records a ticked task as a receipt.
func (a *API) todoDone(c echo.Context) error {
	recipient, err := a.basicRecipient(c)
	if err != nil {
		return err
	}
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxForm)
	decision, outcome := c.FormValue("decision"), c.FormValue("outcome")
	if subtle.ConstantTimeCompare([]byte(c.FormValue("seal")), []byte(a.todoSeal(recipient, decision))) != 1 ||
		outcome != stream.OutcomeDone && outcome != stream.OutcomeNotFound {
		return problem.New(http.StatusForbidden, "form", "The form is not one of this page. Load the page again.")
	}
	in := &stream.Receipt{Decision: decision, Recipient: recipient, Outcome: outcome, At: a.opts.Now().UTC()}
	d, err := a.opts.Receipts.Read(c.Request().Context(), in, recipient, a.opts.Now())
	if err != nil {
		return receiptProblem(err)
	}
	if err := a.opts.Publisher.Publish(c.Request().Context(), d); err != nil {
		a.opts.Log.Error(
			"a receipt was not recorded: the stream of facts is unavailable",
			"recipient",
			recipient,
			"error",
			err,
		)
		return problem.New(http.StatusServiceUnavailable, "not-taken",
			"The receipt was not recorded: the stream of facts is unavailable. Send the receipt again.")
	}
	return a.writeTodo(c, recipient, decision)
}

// todoSeal seals a form of the page for a recipient, so that no other page sends the form.
func (a *API) todoSeal(recipient, decision string) string {
	return a.opts.Vault.Mark("todo:" + recipient + ":" + decision)
}

// basicRecipient returns the recipient that signs in with its id and its token (RFC 7617).
func (a *API) basicRecipient(c echo.Context) (string, error) {
	id, token, _ := c.Request().BasicAuth()
	asked := c.Request().Clone(c.Request().Context())
	asked.Header.Set(echo.HeaderAuthorization, "Bearer "+token)
	holder, err := a.recipients.Check(asked, ScopeReceipts)
	if err == nil && holder == id {
		return holder, nil
	}
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="Rodopath", charset="UTF-8"`)
	return "", echo.NewHTTPError(http.StatusUnauthorized)
}

// writeTodo writes the page without the tasks that were ticked a moment ago.
func (a *API) writeTodo(c echo.Context, recipient string, ticked ...string) error {
	list, err := a.workListOf(c.Request().Context(), recipient)
	if err != nil {
		return err
	}
	list.Tasks = slices.DeleteFunc(list.Tasks, func(t report.Task) bool { return slices.Contains(ticked, t.Decision) })
	for i := range list.Tasks {
		list.Tasks[i].Seal = a.todoSeal(recipient, list.Tasks[i].Decision)
	}
	lang, err := language(c.QueryParam("lang"), report.Polish)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := report.TodoPage(&page, lang, list); err != nil {
		return err
	}
	setPageHeaders(c.Response().Header())
	return c.Blob(http.StatusOK, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}

// setPageHeaders forbids a page to be cached, framed, indexed and to load anything.
func setPageHeaders(h http.Header) {
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}
