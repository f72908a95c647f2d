// Package endpoint sets up the webhooks of a MailerLite account by its interface
// (https://developers.mailerlite.com/docs/webhooks.html).
package endpoint

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/history"
)

// Topics are the events that a source needs.
func Topics() []string {
	return []string{
		"subscriber.created", "subscriber.updated", "subscriber.unsubscribed", "subscriber.added_to_group",
		"subscriber.bounced", "subscriber.spam_reported",
	}
}

// Account is the webhooks of one account.
type Account struct{ client *history.Client }

var _ endpoint.Account = (*Account)(nil)

// New connects to an account. A token has all rights of the account.
func New(o history.Options) (*Account, error) {
	c, err := mailerlite.Connect(o)
	if err != nil {
		return nil, err
	}
	return &Account{c}, nil
}

// Now implements endpoint.Account.
func (a *Account) Now() time.Time { return a.client.Now() }

// hook is a webhook as MailerLite tells it.
type hook struct {
	ID      string   `json:"id"`
	URL     string   `json:"url"`
	Enabled bool     `json:"enabled"`
	Events  []string `json:"events"`
	Secret  string   `json:"secret"`
}

func (h *hook) webhook() endpoint.Webhook {
	status := "enabled"
	if !h.Enabled {
		status = "inactive"
	}
	return endpoint.Webhook{ID: h.ID, URL: h.URL, Active: h.Enabled, Status: status, Topics: h.Events, Secret: h.Secret}
}

// Webhooks implements endpoint.Account.
func (a *Account) Webhooks(ctx context.Context) ([]endpoint.Webhook, error) {
	var list struct {
		Data []hook `json:"data"`
	}
	if _, err := a.client.Get(ctx, "list webhooks", "/webhooks", nil, 0, &list); err != nil {
		return nil, err
	}
	var out []endpoint.Webhook
	for i := range list.Data {
		out = append(out, list.Data[i].webhook())
	}
	return out, nil
}

// Create implements endpoint.Account. MailerLite makes the secret.
func (a *Account) Create(ctx context.Context, w endpoint.Webhook) (endpoint.Webhook, error) {
	var made struct {
		Data hook `json:"data"`
	}
	order := map[string]any{"name": "Rodopath", "events": w.Topics, "url": w.URL, "enabled": true}
	if err := a.send(ctx, "create a webhook", http.MethodPost, "/webhooks", order, &made); err != nil {
		return w, err
	}
	return made.Data.webhook(), nil
}

// Change implements endpoint.Account.
func (a *Account) Change(ctx context.Context, id string, topics []string) error {
	order := map[string]any{"events": topics, "enabled": true}
	return a.send(ctx, "change a webhook", http.MethodPut, "/webhooks/"+url.PathEscape(id), order, &struct{}{})
}

func (a *Account) send(ctx context.Context, act, method, path string, order map[string]any, into any) error {
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return a.client.Send(ctx, act, method, path, "application/json", body, into)
}
