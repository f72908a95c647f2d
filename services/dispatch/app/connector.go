package app

import (
	"fmt"
	"net/http"
	"time"

	"github.com/rodopath/rodopath/api/config"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/internal/webhook"
)

// connector makes what brings decisions to a recipient, and says what its configuration
// lacks. The client is guarded, and changes nothing in a dry run.
func connector(c *config.Config, r *config.Recipient, client *http.Client, now func() time.Time) (dispatch.Connector, error) {
	switch r.By {
	case "webhook":
		secrets, err := c.Secrets(r.Secrets)
		if err != nil {
			return nil, err
		}
		return webhook.New(webhook.Options{
			Recipient: r.ID, URL: r.URL, Secrets: secrets, AllowPrivate: r.AllowPrivate, Client: client, Now: now,
		})
	case "mailerlite", "woocommerce", "stripe":
		return nil, fmt.Errorf("by: %s is not built yet; use webhook, nats or hand", r.By)
	}
	return nil, fmt.Errorf("by: %s is unknown", r.By)
}
