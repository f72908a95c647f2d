// Package endpoint sets up the webhook endpoints of a Stripe account by its API.
package endpoint

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/history"
)

// Account is the webhook endpoints of one account.
type Account struct{ client *history.Client }

var _ endpoint.Account = (*Account)(nil)

// New connects to an account. The key needs the permission Webhook Endpoints: Read, and Write for a change.
func New(o history.Options) (*Account, error) {
	c, err := stripe.Connect(o)
	if err != nil {
		return nil, err
	}
	return &Account{c}, nil
}

// Now implements endpoint.Account.
func (a *Account) Now() time.Time { return a.client.Now() }

// hook is an endpoint as Stripe tells it. The secret is told at the creation alone.
type hook struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Status string   `json:"status"`
	Events []string `json:"enabled_events"`
	Secret string   `json:"secret"`
}

func (h *hook) webhook() endpoint.Webhook {
	return endpoint.Webhook{
		ID: h.ID, URL: h.URL, Active: h.Status == "enabled", Status: h.Status, Topics: h.Events, Secret: h.Secret,
	}
}

const perPage = 100

// Webhooks implements endpoint.Account.
func (a *Account) Webhooks(ctx context.Context) ([]endpoint.Webhook, error) {
	var out []endpoint.Webhook
	for q := (url.Values{"limit": {history.Count(perPage)}}); ; {
		var list struct {
			Data    []hook `json:"data"`
			HasMore bool   `json:"has_more"`
		}
		if _, err := a.client.Get(ctx, "list webhook endpoints", "/v1/webhook_endpoints", q, 0, &list); err != nil {
			return nil, err
		}
		for i := range list.Data {
			out = append(out, list.Data[i].webhook())
		}
		if !list.HasMore || len(list.Data) == 0 {
			return out, nil
		}
		q.Set("starting_after", list.Data[len(list.Data)-1].ID)
	}
}

const form = "application/x-www-form-urlencoded"

// Create implements endpoint.Account. Stripe makes the secret.
func (a *Account) Create(ctx context.Context, w endpoint.Webhook) (endpoint.Webhook, error) {
	q := url.Values{
		"url": {w.URL}, "enabled_events[]": w.Topics, "description": {"Rodopath"}, "api_version": {stripe.Version},
	}
	var made hook
	err := a.client.Send(ctx, "create a webhook endpoint", http.MethodPost, "/v1/webhook_endpoints", form,
		[]byte(q.Encode()), &made)
	if err != nil {
		return w, err
	}
	return made.webhook(), nil
}

// Change implements endpoint.Account.
func (a *Account) Change(ctx context.Context, id string, topics []string) error {
	q := url.Values{"enabled_events[]": topics, "disabled": {"false"}}
	return a.client.Send(ctx, "change a webhook endpoint", http.MethodPost, "/v1/webhook_endpoints/"+url.PathEscape(id),
		form, []byte(q.Encode()), &struct{}{})
}
