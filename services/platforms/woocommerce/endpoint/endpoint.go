// Package endpoint sets up the webhooks of a WooCommerce shop by its REST API v3.
package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/payload"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/history"
)

// Topics are the topics that a source needs. A topic of subscriptions is needed only in a shop that has them.
func Topics() []string {
	return []string{
		"order.created", "order.updated", "order.deleted", "order.restored", "customer.created", "customer.updated",
	}
}

func subscriptionTopics() []string {
	return []string{"subscription.created", "subscription.updated", "subscription.deleted"}
}

// Account is the webhooks of one shop.
type Account struct{ client *history.Client }

var _ endpoint.Account = (*Account)(nil)

// New connects to a shop. A key with Read lists webhooks; a change needs Read/Write.
func New(o history.Options) (*Account, error) {
	c, err := woocommerce.Connect(o)
	if err != nil {
		return nil, err
	}
	return &Account{c}, nil
}

// Now implements endpoint.Account.
func (a *Account) Now() time.Time { return a.client.Now() }

// Needed returns the topics that the shop needs.
func (a *Account) Needed(ctx context.Context) ([]string, error) {
	_, err := a.client.Get(ctx, "look for subscriptions", "/subscriptions", url.Values{"per_page": {"1"}}, 0,
		&[]json.RawMessage{})
	switch {
	case errors.Is(err, history.ErrMissing):
		return Topics(), nil
	case err != nil:
		return nil, err
	}
	return slices.Concat(Topics(), subscriptionTopics()), nil
}

// hook is a webhook as the shop tells it.
type hook struct {
	ID     payload.Number `json:"id"`
	Status payload.Text   `json:"status"`
	Topic  payload.Text   `json:"topic"`
	URL    payload.Text   `json:"delivery_url"`
}

// perPage is the size of a page, and maxPages bounds the pages: a shop has few webhooks.
const (
	perPage  = 100
	maxPages = 20
)

// Webhooks implements endpoint.Account.
func (a *Account) Webhooks(ctx context.Context) ([]endpoint.Webhook, error) {
	var out []endpoint.Webhook
	for page := range maxPages {
		var hooks []hook
		q := url.Values{"per_page": {history.Count(perPage)}, "page": {history.Count(page + 1)}}
		if _, err := a.client.Get(ctx, "list webhooks", "/webhooks", q, 0, &hooks); err != nil {
			return nil, err
		}
		for _, h := range hooks {
			out = append(out, endpoint.Webhook{
				ID: h.ID.Name(), URL: string(h.URL), Active: h.Status == "active", Status: string(h.Status),
				Topics: []string{string(h.Topic)},
			})
		}
		if len(hooks) < perPage {
			break
		}
	}
	return out, nil
}

// Create implements endpoint.Account. The shop signs with the secret that it is given.
func (a *Account) Create(ctx context.Context, w endpoint.Webhook) (endpoint.Webhook, error) {
	body, err := json.Marshal(map[string]string{
		"name":         "Rodopath: " + w.Topics[0],
		"topic":        w.Topics[0],
		"delivery_url": w.URL,
		"secret":       w.Secret,
		"status":       "active",
	})
	if err != nil {
		return w, err
	}
	var made hook
	if err := a.client.Send(
		ctx,
		"create a webhook",
		http.MethodPost,
		"/webhooks",
		"application/json",
		body,
		&made,
	); err != nil {
		return w, err
	}
	w.ID, w.Active, w.Status = made.ID.Name(), made.Status == "active", string(made.Status)
	return w, nil
}

// Change implements endpoint.Account: the topic of a webhook stays.
func (a *Account) Change(ctx context.Context, id string, _ []string) error {
	return a.client.Send(ctx, "switch a webhook on", http.MethodPut, "/webhooks/"+url.PathEscape(id), "application/json",
		[]byte(`{"status":"active"}`), &struct{}{})
}
