package app

import (
	"context"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// policyDesk drafts and orders policies. It keeps the text of the policy that was tried at the start: the ordered one,
// or that of the configuration.
type policyDesk struct {
	app    *App
	config *config.Config
	name   string
	text   []byte
	// over is the fingerprint of the policy of the configuration.
	over string
	// order is the order that was read at the start.
	order rollout.Order
	// ordered receives a value once another policy was ordered, or a product listed, here.
	ordered chan struct{}
}

// newPolicyDesk reads the policy of the configuration, and the order that replaces it.
func (a *App) newPolicyDesk(ctx context.Context, opts Options) (*policyDesk, error) {
	path := policyPath(opts.Config)
	name, text, err := policy.Read(path)
	if err != nil {
		return nil, err
	}
	d := &policyDesk{
		app: a, config: opts.Config, name: name, text: text, over: rollout.Fingerprint(text, path == policy.DefaultName),
		ordered: make(chan struct{}, 1),
	}
	if d.order, err = rollout.ReadOrder(ctx, a.store); err != nil {
		return nil, err
	}
	switch {
	case d.order.Revision == "":
	case !d.order.Ordered(d.over):
		opts.Log.Warn(
			"the policy of the configuration was changed after an order, so the order is void",
			"ordered",
			d.order.At,
		)
	case d.order.Text != "":
		d.name, d.text = "ordered policy", []byte(d.order.Text)
	}
	return d, nil
}

// Settings returns what may be changed in the policy.
func (d *policyDesk) Settings() (*policy.Settings, error) {
	p, err := policy.Parse(d.name, d.text, d.config.Controller)
	if err != nil {
		return nil, err
	}
	return policy.ReadSettings(d.name, d.text, p)
}

// Draft returns the policy with changes, as it would be in force from an instant.
func (d *policyDesk) Draft(changes []string, at time.Time) (*httpapi.Draft, error) {
	out := &httpapi.Draft{Text: string(d.text)}
	if len(changes) > 0 {
		text, err := policy.Draft(d.text, changes)
		if err != nil {
			return nil, err
		}
		out.Text = string(text)
	}
	var err error
	out.Policy, out.Warnings, err = policy.Check("the changed policy", []byte(out.Text), d.config.Controller)
	if err != nil {
		return nil, err
	}
	now := d.app.policy
	out.Policy.Earlier = slices.Concat(now.Earlier, []rules.Earlier{{Policy: now, To: at}})
	out.Policy.Gate, out.Policy.HoldsUnlisted = now.Gate, now.HoldsUnlisted
	_, err = d.app.connect(out.Policy, d.config)
	return out, err
}

// Order stores the order for a draft, and has it put into force.
func (d *policyDesk) Order(ctx context.Context, draft *httpapi.Draft, o rollout.Order) error {
	o.Over = d.over
	if draft.Text != string(d.text) || d.order.Text != "" && d.order.Ordered(d.over) {
		o.Text = draft.Text
	}
	if err := rollout.WriteOrder(ctx, d.app.store, o); err != nil {
		return err
	}
	d.replace()
	return nil
}

// replace has the App replaced by one that knows the last orders.
func (d *policyDesk) replace() {
	select {
	case d.ordered <- struct{}{}:
	default: // one order is enough
	}
}

// InForce is the order that applies; the zero value without one.
func (d *policyDesk) InForce() rollout.Order {
	if !d.order.Ordered(d.over) {
		return rollout.Order{}
	}
	return d.order
}

// awaitOrder returns nil once another policy was ordered, or a product listed, here or, unless alone, at another
// replica.
func (a *App) awaitOrder(ctx context.Context, alone bool) error {
	look := make(<-chan time.Time)
	if !alone {
		t := time.NewTicker(orderLook)
		defer t.Stop()
		look = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.desk.ordered:
			return nil
		case <-look:
			o, err := rollout.ReadOrder(ctx, a.store)
			if err == nil && !o.At.Equal(a.desk.order.At) {
				return nil
			}
			r, err := listing.Read(ctx, a.store)
			if err == nil && !r.At.Equal(a.listed.At) {
				return nil
			}
		}
	}
}
