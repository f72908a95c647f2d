package app

import (
	"context"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
)

// approveAbove is the share of persons, in percent, of which a new policy may delete data without
// approval.
const approveAbove = 1

// rollOutPolicy puts the configured policy into force, or keeps the former policy when the new one
// would delete too much.
func (a *App) rollOutPolicy(ctx context.Context, opts Options) error {
	name, text, err := policy.Read(policyPath(opts.Config))
	if err != nil {
		return err
	}
	limit := float64(approveAbove)
	if opts.Config.ApproveAbovePercent != nil {
		limit = *opts.Config.ApproveAbovePercent
	}
	out, err := rollout.Run(ctx, rollout.Options{
		Store: a.store, Parse: policy.Parse, File: name, Text: text, Controller: opts.Config.Controller,
		LimitPercent: limit, Approve: opts.Approve, Now: opts.Now(), Log: opts.Log.With("part", "policy"),
	})
	if err != nil {
		return err
	}
	a.policy, a.waiting = out.Policy, out.Waiting
	a.measures, err = policy.Measures(name, text)
	return err
}

func policyPath(c *config.Config) string {
	if c.Policy == "" || c.Policy == policy.DefaultName {
		return policy.DefaultName
	}
	return c.Path(c.Policy)
}
