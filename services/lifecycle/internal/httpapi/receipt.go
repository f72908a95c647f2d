package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/problem"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/internal/receipt"
)

// receiptFrom accepts the receipt of a recipient, which is identified by its token.
func (a *API) receiptFrom(c echo.Context) error {
	from, err := a.recipients.Check(c.Request(), ScopeReceipts)
	if err != nil {
		return err
	}
	return a.acceptReceipt(c, from)
}

// receiptFor accepts a receipt recorded by the controller for a recipient without an interface.
func (a *API) receiptFor(c echo.Context) error { return a.acceptReceipt(c, "") }

// ahead is the tolerated clock skew of a recipient.
const ahead = 5 * time.Minute

func (a *API) acceptReceipt(c echo.Context, from string) error {
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, maxRequest+1))
	switch {
	case err != nil:
		return problem.New(http.StatusBadRequest, "unreadable", "The receipt was cut off.")
	case len(body) > maxRequest:
		return problem.New(http.StatusRequestEntityTooLarge, "too-large", "A receipt has no more than 16 KiB.")
	}
	in, err := stream.DecodeReceipt(body)
	switch {
	case err != nil:
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()+".")
	case in.At.After(a.opts.Now().Add(ahead)):
		return problem.New(http.StatusUnprocessableEntity, "impossible", "at is in the future.")
	case from == "":
		from = in.Recipient
	case in.Recipient != "" && in.Recipient != from:
		return problem.New(http.StatusForbidden, "stranger", "This token is another recipient's.")
	}
	if in.Outcome == stream.OutcomeSent || in.Outcome == stream.OutcomeFailed {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "outcome says what was done: done, partial, held, not_found, refused; of a question: granted, refused, no_answer.")
	}
	d, err := a.opts.Receipts.Read(c.Request().Context(), in, from, a.opts.Now())
	switch {
	case errors.Is(err, receipt.ErrUnknown):
		return problem.New(http.StatusNotFound, "unknown-decision", "There is no decision of this id of which recipients were told.")
	case errors.Is(err, receipt.ErrNotNotified):
		return problem.New(http.StatusForbidden, "stranger", "This decision was told to others.")
	case errors.Is(err, receipt.ErrOutcome):
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()+".")
	case err != nil:
		return err
	}
	if err := a.opts.Teller.Publish(c.Request().Context(), d); err != nil {
		a.opts.Log.Error("a receipt was not taken", "recipient", from, "error", err)
		return problem.New(http.StatusServiceUnavailable, "not-taken", "It was not taken down, because the stream of facts is away; send it again.")
	}
	return c.JSON(http.StatusAccepted, map[string]string{"decision": in.Decision, "recipient": from, "outcome": in.Outcome})
}
