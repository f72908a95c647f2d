package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
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
		return problem.New(http.StatusBadRequest, "unreadable", "The receipt is incomplete. Send the receipt again.")
	case len(body) > maxRequest:
		return problem.New(http.StatusRequestEntityTooLarge, "too-large", "A receipt may have at most 16 KiB.")
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
		return problem.New(http.StatusForbidden, "stranger", "This token belongs to another recipient.")
	}
	in.Narrowed = nil // known to dispatch alone
	concern(c, in.Decision)
	if in.Outcome == stream.OutcomeSent || in.Outcome == stream.OutcomeFailed {
		return problem.New(
			http.StatusUnprocessableEntity,
			"impossible",
			"outcome must be done, partial, held, not_found or refused for a deletion, and granted, refused or no_answer for a question.",
		)
	}
	d, err := a.opts.Receipts.Read(c.Request().Context(), in, from, a.opts.Now())
	if err != nil {
		return receiptProblem(err)
	}
	if err := a.opts.Publisher.Publish(c.Request().Context(), d); err != nil {
		a.opts.Log.Error("a receipt was not recorded: the stream of facts is unavailable", "recipient", from, "error", err)
		return problem.New(
			http.StatusServiceUnavailable,
			"not-taken",
			"The receipt was not recorded: the stream of facts is unavailable. Send the receipt again.",
		)
	}
	return c.JSON(
		http.StatusAccepted,
		map[string]string{"decision": in.Decision, "recipient": from, "outcome": in.Outcome},
	)
}

// receiptProblem explains why a receipt does not count.
func receiptProblem(err error) error {
	switch {
	case errors.Is(err, receipt.ErrUnknown):
		return problem.New(http.StatusNotFound, "unknown-decision", "No recipient was notified of a decision with this id.")
	case errors.Is(err, receipt.ErrNotNotified):
		return problem.New(http.StatusForbidden, "stranger", "This recipient was not notified of the decision.")
	case errors.Is(err, receipt.ErrOutcome):
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error()+".")
	}
	return err
}
