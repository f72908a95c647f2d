// Package access opens the interfaces of the platforms by name, for what is read from them and for their webhooks.
package access

import (
	"context"
	"errors"

	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	mailerliteendpoint "github.com/rodopath/rodopath/services/platforms/mailerlite/endpoint"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/history"
	stripeendpoint "github.com/rodopath/rodopath/services/platforms/stripe/endpoint"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/history"
	woocommerceendpoint "github.com/rodopath/rodopath/services/platforms/woocommerce/endpoint"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/history"
)

// ErrPlatform means that a platform has no interface to read.
var ErrPlatform = errors.New("the platform has no interface that can be read")

// History returns a reader of the history of a platform.
func History(platform string, o history.Options) (history.Reader, error) {
	switch platform {
	case "woocommerce":
		return woocommerce.New(o)
	case "stripe":
		return stripe.New(o)
	case "mailerlite":
		return mailerlite.New(o)
	}
	return nil, ErrPlatform
}

// Changes returns a reader of what changed between Options.Since and Options.Until. A wide reading reads lists as well
// that cannot be selected by time.
func Changes(platform string, o history.Options, wide bool) (history.Reader, error) {
	switch platform {
	case "woocommerce":
		return woocommerce.NewChanges(o, wide)
	case "stripe":
		return stripe.NewChanges(o)
	case "mailerlite":
		return mailerlite.New(o)
	}
	return nil, ErrPlatform
}

// Account is the webhooks of an account.
type Account struct {
	endpoint.Account
	// Needed returns the events that a source needs.
	Needed func(ctx context.Context) ([]string, error)
	// Single reports whether the platform has one webhook for each event, and signs with the secret that it is given.
	// Others make the secret.
	Single bool
}

// Open opens the webhooks of an account.
func Open(platform string, o history.Options) (*Account, error) {
	switch platform {
	case "woocommerce":
		a, err := woocommerceendpoint.New(o)
		if err != nil {
			return nil, err
		}
		return &Account{Account: a, Needed: a.Needed, Single: true}, nil
	case "stripe":
		a, err := stripeendpoint.New(o)
		if err != nil {
			return nil, err
		}
		return &Account{Account: a, Needed: fixed(stripe.Events())}, nil
	case "mailerlite":
		a, err := mailerliteendpoint.New(o)
		if err != nil {
			return nil, err
		}
		return &Account{Account: a, Needed: fixed(mailerliteendpoint.Topics())}, nil
	}
	return nil, ErrPlatform
}

func fixed(topics []string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return topics, nil }
}
