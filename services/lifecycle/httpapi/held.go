package httpapi

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// stateHeld selects the decisions that are held back.
const stateHeld = "held"

// listedHeld returns the decisions of a subject that are held back.
func (a *API) listedHeld(s *lifecycle.Subject) ([]listedDecision, error) {
	due, held := s.DueDecisions()
	for i := range due {
		if d := due[i]; a.opts.Brake != nil && a.opts.Brake.WaitsByNews(&d, s.ID) {
			d.Held = &decision.Held{Reason: decision.HeldMany}
			held = append(held, d)
		}
	}
	if len(held) == 0 {
		return nil, nil
	}
	names, err := a.shownNames(s)
	if err != nil {
		return nil, err
	}
	out := make([]listedDecision, len(held))
	for i := range held {
		d := &held[i]
		out[i] = listedDecision{
			Decision: d.ID, Kind: d.Kind, Subject: s.ID, Person: names, At: d.At, Effective: d.Effective,
			Progress: notice.Progress{State: notice.StateHeld}, Held: d.Held, Due: d.Held.Until,
			Recipients: []notice.Notification{},
		}
		for _, id := range d.Recipients {
			out[i].Recipients = append(out[i].Recipients, notice.Notification{Recipient: id})
		}
		for _, item := range d.Items() {
			if !slices.Contains(out[i].Categories, item.Category) {
				out[i].Categories = append(out[i].Categories, item.Category)
			}
		}
		if d.Ask != nil {
			out[i].Purpose, out[i].Channel = d.Ask.Purpose, d.Ask.Channel
		}
	}
	return out, nil
}

// withdrawRequest stops a decision that is held back.
type withdrawRequest struct {
	// Reason is why, for the journal.
	Reason string `json:"reason" validate:"required,max=300,plain"`
}

const withdrawExample = `{"reason": "the customer called: the course goes on"}`

// withdraw stops a decision that is not published yet.
func (a *API) withdraw(c echo.Context) error {
	var req withdrawRequest
	if err := a.read(c, &req, withdrawExample); err != nil {
		return err
	}
	id := c.Param("decision")
	s, err := a.opts.Directory.Decision(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if s == nil {
		return errUnknownDecision()
	}
	done, err := a.opts.Withdraw(c.Request().Context(), s.ID, id, req.Reason)
	if err != nil {
		return err
	}
	if !done {
		return problem.New(http.StatusConflict, "published",
			"The decision is published already. Set a legal hold, or record the fact that permits to hold the data: "+
				"the decision is then retracted.")
	}
	return c.JSON(http.StatusOK, map[string]string{"decision": id, "state": "withdrawn"})
}
