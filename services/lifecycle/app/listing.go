package app

import (
	"context"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/business"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// connect adds to a policy what the configuration states about the business, and the products that the controller
// listed since. The entries that apply are returned.
func (a *App) connect(p *rules.Policy, c *config.Config) ([]listing.Entry, error) {
	if err := business.Connect(p, c); err != nil {
		return nil, err
	}
	return a.listed.Complete(p), nil
}

// list stores what the controller states about a product. The App is replaced, and the next one evaluates everybody who
// bought the product.
func (a *App) list(ctx context.Context, e listing.Entry) error {
	if err := listing.Add(ctx, a.store, e); err != nil {
		return err
	}
	a.desk.replace()
	return nil
}
