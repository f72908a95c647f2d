package erase

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/rodopath/rodopath/services/platforms/erasure"
)

// Texts of the reasons of answers, where Stripe shows that the contact data are needed.
const (
	reasonSubscription = "the customer has a running subscription, which a deletion would cancel; cancel the subscription, then send the decision again"
	reasonInvoice      = "the customer has an open invoice; settle or void the invoice, then send the decision again"
	reasonDispute      = "a payment of the customer is disputed; send the decision again once the dispute is closed"
)

// news returns why the contact data of a customer are needed; empty when they are not.
func (w *work) news(ctx context.Context, id string) (string, error) {
	for _, look := range []struct {
		reason string
		seen   func(ctx context.Context, id string) (bool, error)
	}{{reasonSubscription, w.subscribed}, {reasonInvoice, w.owes}, {reasonDispute, w.disputed}} {
		if seen, err := look.seen(ctx, id); seen || err != nil {
			return look.reason, err
		}
	}
	return "", nil
}

// subscribed reports whether a subscription runs: GET /v1/subscriptions lists the subscriptions of
// a customer that are not cancelled (https://docs.stripe.com/api/subscriptions/list).
func (w *work) subscribed(ctx context.Context, id string) (bool, error) {
	var list struct {
		Data []struct {
			Status string `json:"status"`
		} `json:"data"`
		More bool `json:"has_more"`
	}
	_, err := w.client.Call(ctx, "list the subscriptions", erasure.Request{
		Method: http.MethodGet, Path: "/v1/subscriptions", Query: url.Values{"customer": {id}, "limit": {"100"}},
		Right: rightSubscriptions,
	}, &list)
	if err != nil {
		return false, err
	}
	for _, s := range list.Data {
		if !slices.Contains([]string{"canceled", "incomplete", "incomplete_expired"}, s.Status) {
			return true, nil
		}
	}
	return list.More, nil
}

// owes reports whether an invoice is open: GET /v1/invoices (https://docs.stripe.com/api/invoices/list).
func (w *work) owes(ctx context.Context, id string) (bool, error) {
	var list struct {
		Data []struct {
			Status string `json:"status"`
		} `json:"data"`
	}
	_, err := w.client.Call(ctx, "list the open invoices", erasure.Request{
		Method: http.MethodGet, Path: "/v1/invoices",
		Query: url.Values{"customer": {id}, "status": {"open"}, "limit": {"100"}}, Right: rightInvoices,
	}, &list)
	if err != nil {
		return false, err
	}
	for _, i := range list.Data {
		if i.Status == "open" {
			return true, nil
		}
	}
	return false, nil
}

// disputed reports whether a dispute about a payment is open. Stripe lists disputes by payment alone, and a payment
// stays marked after the end of its dispute (https://docs.stripe.com/api/charges/object#charge_object-disputed).
func (w *work) disputed(ctx context.Context, id string) (bool, error) {
	query := url.Values{"customer": {id}, "limit": {"100"}}
	for more := true; more; {
		var list struct {
			Data []struct {
				ID       string `json:"id"`
				Disputed bool   `json:"disputed"`
			} `json:"data"`
			More bool `json:"has_more"`
		}
		_, err := w.client.Call(ctx, "list the payments", erasure.Request{
			Method: http.MethodGet, Path: "/v1/charges", Query: query, Right: rightCharges,
		}, &list)
		if err != nil {
			return false, err
		}
		for _, c := range list.Data {
			if !c.Disputed {
				continue
			}
			if open, err := w.contested(ctx, c.ID); open || err != nil {
				return open, err
			}
		}
		if more = list.More && len(list.Data) > 0; more {
			query.Set("starting_after", list.Data[len(list.Data)-1].ID)
		}
	}
	return false, nil
}

// contested reports whether a dispute of a payment is open: GET /v1/disputes?charge=.
func (w *work) contested(ctx context.Context, charge string) (bool, error) {
	var list struct {
		Data []struct {
			Status string `json:"status"`
		} `json:"data"`
	}
	_, err := w.client.Call(ctx, "list the disputes of a payment", erasure.Request{
		Method: http.MethodGet, Path: "/v1/disputes", Query: url.Values{"charge": {charge}, "limit": {"100"}},
		Right: rightDisputes,
	}, &list)
	if err != nil {
		return false, err
	}
	for _, d := range list.Data {
		if !slices.Contains([]string{"won", "lost", "warning_closed", "prevented"}, d.Status) {
			return true, nil
		}
	}
	return false, nil
}
