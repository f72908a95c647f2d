package app

import (
	"context"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
)

// approveAbove is the share of persons, in percent, of which a new policy, or time, may delete data without
// approval.
const approveAbove = 1

// limitPercent is the configured share, or approveAbove.
func limitPercent(c *config.Config) float64 {
	if c.ApproveAbovePercent != nil {
		return *c.ApproveAbovePercent
	}
	return approveAbove
}

// rollOutPolicy puts the configured policy into force, or keeps the former policy when the new one
// would delete too much.
func (a *App) rollOutPolicy(ctx context.Context, opts Options) (err error) {
	if a.desk, err = a.newPolicyDesk(ctx, opts); err != nil {
		return err
	}
	var leases *lease.Options
	if opts.Config.MongoDB.URI != "" {
		leases = &lease.Options{JetStream: a.js, Replicas: opts.Config.NATS.Replicas, Log: opts.Log.With("part", "policy")}
	}
	out, err := rollout.Run(ctx, rollout.Options{
		Leases: leases,
		Store:  a.store, Parse: policy.Parse, File: a.desk.name, Text: a.desk.text, Controller: opts.Config.Controller,
		LimitPercent: limitPercent(opts.Config), Approve: opts.Approve, Approved: a.desk.InForce().Revision, Now: opts.Now(),
		Log: opts.Log.With("part", "policy"),
	})
	if err != nil {
		return err
	}
	a.policy, a.waiting = out.Policy, out.Waiting
	a.measures, err = policy.Measures(a.desk.name, a.desk.text)
	return err
}

func policyPath(c *config.Config) string {
	if c.Policy == "" || c.Policy == policy.DefaultName {
		return policy.DefaultName
	}
	return c.Path(c.Policy)
}
