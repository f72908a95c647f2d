package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// audienceRow is one address, or one person, with the answer for a purpose and a channel.
type audienceRow struct {
	Subject string `json:"subject"`
	// Address is the e-mail address that may be used; empty for another channel, and for a no.
	Address string `json:"address,omitempty"`
	// Person lists the known names.
	Person []string `json:"person"`
	report.Permission
}

type audiencePage struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
	// Counts are the persons by answer: "yes", the reasons of a no, and "none" for those who stated nothing.
	Counts   map[string]int64 `json:"counts"`
	Complete bool             `json:"complete"`
	Answer   string           `json:"answer"`
	// Rows are evaluated at this moment; Next is the id to ask for the next page with.
	Rows       []audienceRow `json:"rows"`
	Next       string        `json:"next,omitempty"`
	Incomplete string        `json:"incomplete,omitempty"`
}

// audience counts and lists those whom the controller may address for a purpose by a channel, or, with another answer,
// those who may not be addressed for a reason. With form=csv or form=mailerlite the answer is the whole list as CSV.
func (a *API) audience(c echo.Context) error {
	use := rights.Use{Purpose: c.QueryParam("purpose"), Channel: c.QueryParam("channel")}
	if err := a.checkPurposes(use.Purpose); err != nil {
		return err
	}
	if use.Channel == "" || !a.opts.Policy.IsMarketing(use.Purpose) {
		return problem.New(http.StatusUnprocessableEntity, "impossible",
			"Name a channel, and a purpose that rests on consent, such as purpose=offers&channel=email.")
	}
	answer := c.QueryParam("answer")
	if answer == "" {
		answer = lifecycle.UseYes
	}
	page, err := a.pageOf(c, lifecycle.LabelOfUse(use.Purpose, use.Channel, answer))
	if err != nil {
		return err
	}
	switch c.QueryParam("form") {
	case "":
	case "csv", "mailerlite":
		return a.audienceCSV(c, use, answer, page)
	default:
		return problem.New(http.StatusUnprocessableEntity, "impossible", "form must be csv or mailerlite.")
	}
	ctx := c.Request().Context()
	out := audiencePage{
		Purpose: use.Purpose, Channel: use.Channel, Answer: answer, Complete: a.complete(), Rows: []audienceRow{},
	}
	labels, err := a.labelCounts(ctx)
	if err != nil {
		return err
	}
	out.Counts = useCounts(labels, use)
	subjects, next, err := a.answering(use, answer)(ctx, page)
	out.Next = next
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		rows, err := a.audienceRows(s, use)
		for i := range rows {
			if rows[i].Allowed == (answer == lifecycle.UseYes) {
				out.Rows = append(out.Rows, rows[i])
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// useCounts are the persons by answer; those without a label stated nothing.
func useCounts(labels map[string]int64, use rights.Use) map[string]int64 {
	out, none := map[string]int64{lifecycle.UseYes: 0}, int64(0)
	for _, stage := range lifecycle.Stages() {
		if stage != lifecycle.StageGone {
			none += labels[lifecycle.LabelOfStage(stage)]
		}
	}
	prefix := lifecycle.LabelOfUse(use.Purpose, use.Channel, "")
	for label, n := range labels {
		if answer, ok := strings.CutPrefix(label, prefix); ok {
			out[answer] = n
			none -= n
		}
	}
	out[string(rules.ConsentNone)] = max(none, 0)
	return out
}

// answering lists the persons with an answer about a use.
func (a *API) answering(use rights.Use, answer string) pager {
	if answer == string(rules.ConsentNone) {
		return a.silentAbout(use)
	}
	return a.labelled
}

// silentScans bounds the pages of persons that one page of those who stated nothing reads.
const silentScans = 10

// silentAbout lists the persons who stated nothing about a use. No label leads to them, so the persons of whom data may
// be held are read stage by stage. A page may have fewer persons and go on.
func (a *API) silentAbout(use rights.Use) pager {
	prefix := lifecycle.LabelOfUse(use.Purpose, use.Channel, "")
	stated := func(label string) bool { return strings.HasPrefix(label, prefix) }
	return func(ctx context.Context, page store.Page) (found []lifecycle.Subject, next string, damaged error) {
		limit := page.Limit
		page.Labels, page.Sort, page.Limit = nil, sortStage, maxPageSize
		for range silentScans {
			list, next, err := a.labelled(ctx, page)
			if err != nil && !isDamaged(err) {
				return nil, "", err
			}
			damaged = errors.Join(damaged, err)
			for i := range list {
				s := &list[i]
				if s.Stage() == lifecycle.StageGone || slices.ContainsFunc(s.Labels, stated) {
					continue
				}
				if found = append(found, *s); len(found) == limit {
					return found, string(s.Stage()) + "." + s.ID, damaged
				}
			}
			if next == "" {
				return found, "", damaged
			}
			page.After = next
		}
		return found, page.After, damaged
	}
}

// audienceRows evaluates a person now: one row for each e-mail address, or one for the person.
func (a *API) audienceRows(s *lifecycle.Subject, use rights.Use) ([]audienceRow, error) {
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return nil, err
	}
	now := a.opts.Now()
	shown := a.shown(s, names, now)
	row := func(use rights.Use, address string) audienceRow {
		return audienceRow{
			s.ID,
			address,
			shown,
			report.PermissionOf(a.opts.Policy, s.May(a.opts.Policy, use, now)),
		}
	}
	var out []audienceRow
	if use.Channel == rules.ChannelEmail {
		for _, n := range names {
			if n.Kind != identity.KindEmail {
				continue
			}
			use.Address = a.addressKey(s, n)
			if r := row(use, n.Value); r.Allowed {
				out = append(out, r)
			}
		}
		use.Address = ""
	}
	if r := row(use, ""); len(out) == 0 && (!r.Allowed || use.Channel != rules.ChannelEmail) {
		out = append(out, r)
	}
	return out, nil
}

// audienceCSV writes the whole list: for a campaign, or the statuses of subscribers for MailerLite.
func (a *API) audienceCSV(c echo.Context, use rights.Use, answer string, page store.Page) error {
	if _, err := a.guard.Check(c.Request(), ScopeExport); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if concern(c, use.Purpose+":"+use.Channel); c.QueryParam("form") == "mailerlite" {
		return a.mailerLiteCSV(c, use, page)
	}
	concern(c, use.Purpose+":"+use.Channel+":"+answer)
	w := newCSV(c, "address", "person", "allowed", "why", "since", "until", "rule")
	return a.eachOf(ctx, a.answering(use, answer), page, func(s *lifecycle.Subject) error {
		rows, err := a.audienceRows(s, use)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Allowed != (answer == lifecycle.UseYes) {
				continue
			}
			allowed := "no"
			if r.Allowed {
				allowed = "yes"
			}
			if err := w.write(r.Address, strings.Join(r.Person, " "), allowed, string(r.Reason), instantOf(r.Since),
				instantOf(r.Until), r.Rule); err != nil {
				return err
			}
		}
		return nil
	})
}

// mailerLiteCSV writes the list by which MailerLite is brought up to date: who is to be active, and who is to be
// unsubscribed because of a no of the person.
func (a *API) mailerLiteCSV(c echo.Context, use rights.Use, page store.Page) error {
	w := newCSV(c, "email", "status")
	for _, list := range []struct{ answer, status string }{
		{lifecycle.UseYes, statusActive},
		{string(rules.ConsentWithdrawn), "unsubscribed"},
		{string(rules.ConsentRefused), "unsubscribed"},
		{string(rules.ConsentObjected), "unsubscribed"},
		{string(rights.ReasonErasure), "unsubscribed"},
	} {
		page.Labels, page.After = []string{lifecycle.LabelOfUse(use.Purpose, use.Channel, list.answer)}, ""
		err := a.eachLabelled(c.Request().Context(), page, func(s *lifecycle.Subject) error {
			return a.writeStatuses(w, s, use, list.status)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeStatuses writes the addresses of a person with the status of a list. Who is to be unsubscribed is written only
// while the address may be held for more than the correspondence about a request.
func (a *API) writeStatuses(w csvWriter, s *lifecycle.Subject, use rights.Use, status string) error {
	rows, err := a.audienceRows(s, use)
	if err != nil {
		return err
	}
	if status != statusActive {
		names, err := a.opts.Vault.Open(s.ID, s.Sealed)
		if err != nil {
			return err
		}
		if a.addressOf(s, names, a.opts.Now()) != lifecycle.AddressHeld {
			return nil
		}
	}
	for _, r := range rows {
		if err := writeStatus(w, &r, status); err != nil {
			return err
		}
	}
	return nil
}

// statusActive is the status of MailerLite of persons who may be written to.
const statusActive = "active"

// writeStatus writes the addresses of a row with the status of a list, as far as the row belongs there now.
func writeStatus(w csvWriter, r *audienceRow, status string) error {
	if r.Allowed {
		if status == statusActive {
			return w.write(r.Address, status)
		}
		return nil
	}
	if status == statusActive {
		return nil
	}
	for _, name := range r.Person {
		if n, err := identity.Parse(name); err == nil && n.Kind == identity.KindEmail {
			if err := w.write(n.Value, status); err != nil {
				return err
			}
		}
	}
	return nil
}

// consentRequest records a consent that the controller can prove.
type consentRequest struct {
	personRequest
	// Wording is the id of the text to which the person agreed.
	Wording string `json:"wording" validate:"required,max=64"`
	// Form names the form or the place of the act, and Text is what the person saw, where it is not the wording.
	Form string `json:"form" validate:"required,max=200,plain"`
	Text string `json:"text" validate:"max=2000"`
	// DoubleOptIn is when the person confirmed the consent from the mailbox; absent without a confirmation.
	DoubleOptIn *time.Time `json:"double_opt_in"`
}

const consentExample = `{"person": "ala@example.com", "wording": "newsletter-offers", "form": "paper form", "at": "2026-05-01T10:00:00Z"}`
