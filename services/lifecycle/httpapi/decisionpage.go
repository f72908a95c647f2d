package httpapi

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// decisionPage is a page of decisions.
type decisionPage struct {
	decisionList
	// Count is the number of persons with such a decision; Counts those of every state, and of every reason to wait as
	// "held=REASON".
	Count  int64            `json:"count"`
	Counts map[string]int64 `json:"counts"`
	// Next is the id to ask for the next page with; empty at the end.
	Next string `json:"next,omitempty"`
}

// isPaged reports whether a page of decisions is asked for, and not the whole list.
func isPaged(c echo.Context) bool {
	q := c.QueryParams()
	return q.Has("limit") || q.Has("after") || q.Has("recipient") || q.Has("kind")
}

// pagedDecisions lists the decisions of a kind in a state, at one recipient or at any, page by page of persons.
func (a *API) pagedDecisions(c echo.Context) error {
	kind, state, recipient := stream.KindDelete, c.QueryParam("state"), c.QueryParam("recipient")
	if c.QueryParam("kind") == string(stream.KindAskConsent) {
		kind = stream.KindAskConsent
	}
	if state == "" {
		state = lifecycle.LabelOpen
	}
	states := []string{lifecycle.LabelHeld, lifecycle.LabelOpen, lifecycle.LabelConfirmed, lifecycle.LabelRefused}
	if !slices.Contains(states, state) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "state must be held, open, confirmed or refused.")
	}
	if recipient != "" && !a.isRecipient(recipient) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "The configuration has no recipient with this id.")
	}
	label := lifecycle.LabelOfDecision(kind, state, recipient)
	reason := decision.HeldReason(c.QueryParam("reason"))
	if reason != "" && recipient == "" {
		label = lifecycle.LabelOfHeld(kind, reason)
	}
	page, err := a.pageOf(c, label)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	out := decisionPage{decisionList: decisionList{Decisions: []listedDecision{}}, Counts: map[string]int64{}}
	labels, err := a.labelCounts(ctx)
	if err != nil {
		return err
	}
	out.Count = labels[label]
	for _, s := range states {
		out.Counts[s] = labels[lifecycle.LabelOfDecision(kind, s, recipient)]
	}
	for _, r := range decision.HeldReasons() {
		out.Counts[lifecycle.LabelHeld+"="+string(r)] = labels[lifecycle.LabelOfHeld(kind, r)]
	}
	subjects, next, err := a.labelled(ctx, page)
	out.Next = next
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		list, err := a.inState(s, kind, state, recipient)
		for i := range list {
			if reason == "" || list[i].Held != nil && list[i].Held.Reason == reason {
				out.Decisions = append(out.Decisions, list[i])
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// inState returns the decisions of a kind about a subject in a state, at one recipient or at any.
func (a *API) inState(s *lifecycle.Subject, kind stream.Kind, state, recipient string) ([]listedDecision, error) {
	list, err := a.listed(s)
	if state == lifecycle.LabelHeld {
		list, err = a.listedHeld(s)
	}
	return slices.DeleteFunc(list, func(d listedDecision) bool {
		return d.Kind != kind || !isInState(&d, state, recipient)
	}), err
}

func isInState(d *listedDecision, state, recipient string) bool {
	if recipient != "" {
		k := slices.IndexFunc(d.Recipients, func(n notice.Notification) bool { return n.Recipient == recipient })
		if k < 0 {
			return false
		}
		if state != lifecycle.LabelHeld {
			refused := d.Recipients[k].Outcome == fact.OutcomeRefused
			missing := slices.Contains(d.Missing, recipient)
			return state == lifecycle.LabelRefused && refused || state == lifecycle.LabelOpen && missing && !refused ||
				state == lifecycle.LabelConfirmed && !missing && !refused
		}
	}
	switch state {
	case lifecycle.LabelHeld:
		return d.Held != nil
	case lifecycle.LabelConfirmed:
		return d.Closed != nil
	case lifecycle.LabelRefused:
		return d.Closed == nil && len(d.Refused) > 0
	}
	return d.Closed == nil && len(d.Refused) == 0 && d.State != notice.StateRetracted
}

// repeat sends a deletion once more to all notified recipients.
func (a *API) repeat(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("decision")
	s, err := a.opts.Directory.Decision(ctx, id)
	if err != nil {
		return err
	}
	if s == nil {
		return errUnknownDecision()
	}
	sent, err := a.opts.Repeat(ctx, s.ID, id)
	if err != nil {
		return err
	}
	if !sent {
		return problem.New(http.StatusConflict, "nothing-holds",
			"Nothing of this deletion is to be erased any more, or the decision is no published deletion.")
	}
	return c.JSON(http.StatusOK, map[string]string{"decision": id, "state": "repeated"})
}

// decisionsOf lists the decisions about one person, those that are held back first, and then the latest.
func (a *API) decisionsOf(c echo.Context) error {
	f, err := a.person(c)
	if err != nil {
		return err
	}
	held, err := a.listedHeld(&f.subject)
	if err != nil {
		return err
	}
	published, err := a.listed(&f.subject)
	if err != nil {
		return err
	}
	slices.SortStableFunc(published, func(x, y listedDecision) int { return y.At.Compare(x.At) })
	list := append([]listedDecision{}, held...)
	return c.JSON(http.StatusOK, decisionList{Decisions: append(list, published...)})
}
