package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/config"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/erase"
	webhook "github.com/rodopath/rodopath/services/platforms/standard/deliver"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/erase"
)

// connector returns the connector of a recipient, or an error with the missing settings. The client
// is guarded, and makes no changes in a dry run.
func connector(
	c *config.Config,
	r *config.Recipient,
	client *http.Client,
	now func() time.Time,
) (dispatch.Connector, error) {
	if r.By == "webhook" {
		secrets, err := c.Secrets(r.Secrets)
		if err != nil {
			return nil, err
		}
		return webhook.New(webhook.Options{
			Recipient: r.ID, URL: r.URL, Secrets: secrets, AllowPrivate: r.AllowPrivate, Client: client, Now: now,
		})
	}
	if !r.Platform() {
		return nil, fmt.Errorf("by: %s is unknown", r.By)
	}
	key, err := c.Secret(r.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	switch r.By {
	case "mailerlite":
		return mailerlite.New(mailerlite.Options{
			Key: key, Base: r.URL, AllowPrivate: r.AllowPrivate, Erase: r.Erase, Client: client, Now: now,
		})
	case "woocommerce":
		return woocommerce.New(woocommerce.Options{
			URL: r.URL, Key: key, Source: c.SourceOf(r), PersonalKeys: personalKeys(c),
			AllowPrivate: r.AllowPrivate, Client: client, Now: now,
		})
	case "stripe":
		return stripe.New(stripe.Options{
			Key: key, Base: r.URL, AllowPrivate: r.AllowPrivate, Client: client, Now: now,
		})
	}
	return nil, fmt.Errorf("by: %s is not a supported platform", r.By)
}

// personalKeys lists the keys under which the shops keep consent boxes and tax numbers: of all sources, because a
// recipient may name the source of its ids alone.
func personalKeys(c *config.Config) []string {
	var keys []string
	for i := range c.Sources {
		keys = append(keys, c.Sources[i].TaxIDKeys...)
		keys = slices.AppendSeq(keys, maps.Keys(c.Sources[i].OptIn))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
