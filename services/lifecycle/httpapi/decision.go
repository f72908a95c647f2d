package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// listedDecision is a published decision with its progress.
type listedDecision struct {
	Decision string      `json:"decision"`
	Kind     stream.Kind `json:"kind"`
	Subject  string      `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person    []string  `json:"person"`
	At        time.Time `json:"at"`
	Effective time.Time `json:"effective"`
	notice.Progress
	// Due is by when the next answer must be there; absent when none is awaited.
	Due *time.Time `json:"due,omitempty"`
	// Categories are the data of a deletion; Purpose and Channel are the consent of a question.
	Categories []string `json:"categories,omitempty"`
	Purpose    string   `json:"purpose,omitempty"`
	Channel    string   `json:"channel,omitempty"`
	// Recipients are the notified recipients with their answers.
	Recipients []notice.Notification `json:"recipients"`
	Closed     *time.Time            `json:"closed,omitempty"`
	// Held is why the decision is not published yet; absent for a published one.
	Held     *decision.Held `json:"held,omitempty"`
	Replayed *time.Time     `json:"replayed,omitempty"`
	// Retracted are the parts that news withdrew after the publication; Retracts is the decision that a
	// retraction withdraws.
	Retracted []retractedPart `json:"retracted,omitempty"`
	Retracts  string          `json:"retracts,omitempty"`
}

// retractedPart is a part of a decision that was withdrawn.
type retractedPart struct {
	At         time.Time `json:"at"`
	Categories []string  `json:"categories,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Whole      bool      `json:"whole,omitempty"`
}

// retractedParts are the retractions of a notice without the names of records.
func retractedParts(n *notice.Notice) []retractedPart {
	var out []retractedPart
	for _, r := range n.Retractions {
		part := retractedPart{At: r.At, Reason: r.Reason, Whole: r.Whole}
		for _, item := range r.Items {
			if !slices.Contains(part.Categories, item.Category) {
				part.Categories = append(part.Categories, item.Category)
			}
		}
		out = append(out, part)
	}
	return out
}

type decisionList struct {
	Decisions []listedDecision `json:"decisions"`
	// Incomplete says which persons are missing in the list, and why; absent for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// decisions lists decisions with recipients, the most urgent first: the open ones, the overdue
// ones, or all.
func (a *API) decisions(c echo.Context) error {
	if isPaged(c) {
		return a.pagedDecisions(c)
	}
	state := c.QueryParam("state")
	if !slices.Contains([]string{"", "open", "overdue", "all", stateHeld}, state) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "state must be open, overdue, held or all.")
	}
	out := decisionList{Decisions: []listedDecision{}}
	collect := func(s *lifecycle.Subject) error {
		if state == stateHeld {
			held, err := a.listedHeld(s)
			out.Decisions = append(out.Decisions, held...)
			return err
		}
		list, err := a.listed(s)
		for _, d := range list {
			if state == "all" || d.Closed == nil && (state != "overdue" || d.State == notice.StateOverdue) {
				out.Decisions = append(out.Decisions, d)
			}
		}
		return err
	}
	var err error
	if out.Incomplete, err = a.visitNotices(
		c.Request().Context(),
		state == "all" || state == stateHeld,
		collect,
	); err != nil {
		return err
	}
	slices.SortStableFunc(out.Decisions, byDue)
	return c.JSON(http.StatusOK, out)
}

func byDue(x, y listedDecision) int {
	switch {
	case x.Due != nil && y.Due != nil:
		return x.Due.Compare(*y.Due)
	case x.Due != nil:
		return -1
	case y.Due != nil:
		return 1
	}
	return y.At.Compare(x.At)
}

// visitNotices visits the subjects with notices. incomplete says which of them cannot be visited.
func (a *API) visitNotices(
	ctx context.Context, all bool, visit func(*lifecycle.Subject) error,
) (incomplete string, err error) {
	if !all {
		subjects, err := a.opts.Lists.Unconfirmed(ctx, maxListed)
		return a.visitAll(subjects, err, visit)
	}
	unread := a.walk(ctx, visit)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return a.incomplete(unread), nil
}

// listed returns the notices of a subject.
func (a *API) listed(s *lifecycle.Subject) ([]listedDecision, error) {
	if len(s.Notices) == 0 {
		return nil, nil
	}
	names, err := a.shownNames(s)
	if err != nil {
		return nil, err
	}
	out := make([]listedDecision, 0, len(s.Notices))
	for i := range s.Notices {
		n := &s.Notices[i]
		d := listedDecision{
			Decision:  n.Decision,
			Kind:      n.Kind,
			Subject:   s.ID,
			Person:    names,
			At:        n.At,
			Effective: n.Effective,
			Progress: n.Progress(
				a.opts.Now(),
			),
			Due:        n.Due(),
			Recipients: n.Notifications,
			Closed:     n.Closed,
			Replayed:   n.Replayed,
			Retracted:  retractedParts(n),
			Retracts:   n.Retracts,
		}
		for _, item := range n.Items {
			if !slices.Contains(d.Categories, item.Category) {
				d.Categories = append(d.Categories, item.Category)
			}
		}
		if n.Question != nil {
			d.Purpose, d.Channel = n.Question.Purpose, n.Question.Channel
		}
		out = append(out, d)
	}
	return out, nil
}

// decision shows one decision.
func (a *API) decision(c echo.Context) error {
	s, err := a.opts.Directory.Decision(c.Request().Context(), c.Param("decision"))
	if err != nil {
		return err
	}
	if s != nil {
		list, err := a.listed(s)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Decision == c.Param("decision") {
				return c.JSON(http.StatusOK, list[i])
			}
		}
	}
	return errUnknownDecision()
}

const checkExample = `{"items": [{"category": "contact"}]}`

// maxCheck bounds the body of a check: the items of one decision.
const maxCheck = 1 << 20

// check answers what remains of a decision, evaluated at this moment: the question of dispatch before each
// attempt to deliver.
func (a *API) check(c echo.Context) error {
	var req stream.Check
	dec := json.NewDecoder(io.LimitReader(c.Request().Body, maxCheck))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return problem.New(http.StatusBadRequest, "unreadable", "Send JSON such as "+checkExample+".")
	}
	st, err := a.opts.Checker.Check(c.Request().Context(), c.Param("decision"), req.Items)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, st)
}

func errUnknownDecision() error {
	return problem.New(http.StatusNotFound, "unknown-decision", "No recipient was notified of a decision with this id.")
}

// replayRequest has deletions sent once more.
type replayRequest struct {
	// Since is an instant, or a day from its begin.
	Since     *moment `json:"since"     validate:"required"`
	Recipient string  `json:"recipient" validate:"max=40"`
}

const replayExample = `{"since": "2026-01-01T00:00:00Z", "recipient": "crm"}`

// replay publishes deletions again, one line each. The last line has the count, which distinguishes
// a complete response from a truncated one.
func (a *API) replay(c echo.Context) error {
	var req replayRequest
	if err := a.read(c, &req, replayExample); err != nil {
		return err
	}
	since := req.Since.since(a.opts.Policy.Place.Zone)
	if since.After(a.opts.Now()) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "since is in the future.")
	}
	if req.Recipient != "" && !a.isRecipient(req.Recipient) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "The configuration has no recipient with this id.")
	}
	out, n := newLines(c), 0
	err := a.opts.Replay(c.Request().Context(), since, req.Recipient, func(s background.Replayed) error {
		n++
		return out.encode(s)
	})
	if err != nil {
		return err
	}
	return out.write(fmt.Appendf(nil, `{"sent": %d}`, n))
}

func (a *API) isRecipient(id string) bool {
	return slices.ContainsFunc(a.opts.Policy.Connected, func(r rules.ConnectedRecipient) bool { return r.ID == id })
}
