// Package rollout puts a policy into force. Promises under an earlier policy are kept. A policy
// with deletions for many persons awaits approval, while the current policy stays in force.
package rollout

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store stores former policies and the subjects for the comparison.
type Store interface {
	Policies(ctx context.Context) ([]store.Policy, error)
	AddPolicy(ctx context.Context, p store.Policy) error
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	// Bounds returns at most n-1 ids, in order, that divide the subjects into ranges of about the same size.
	Bounds(ctx context.Context, n int) ([]string, error)
	store.Stater
	store.StateAdder
}

// Options configure a policy rollout.
type Options struct {
	Store Store
	// Parse reads a policy.
	Parse func(file string, data []byte, controller string) (*rules.Policy, error)
	// File, Text and Controller are the configured policy.
	File, Controller string
	Text             []byte
	// LimitPercent is the share of subjects, in percent, of which a new policy may delete data
	// without approval.
	LimitPercent float64
	// Approve is the revision of an approved policy, which may exceed the limit.
	Approve string
	// Approved is the revision that an order approved; the order is void for any other.
	Approved string
	// Leases has the replicas that start at once share the comparison of both policies; nil means that this process
	// compares alone.
	Leases *lease.Options
	Now    time.Time
	Log    *slog.Logger
}

// Outcome is the result of a rollout.
type Outcome struct {
	Policy *rules.Policy
	// Waiting is a policy without approval yet; nil without one.
	Waiting *Waiting
}

// Waiting describes the effect of a policy without approval yet.
type Waiting struct {
	Policy   string `json:"policy"`
	Revision string `json:"revision"`
	// Affected is the number of Subjects with immediate deletions.
	Affected int `json:"affected"`
	Subjects int `json:"subjects"`
	// Items counts the items to be deleted, by category.
	Items map[string]int `json:"items"`
	// LimitPercent is the share permitted without approval, in percent.
	LimitPercent float64 `json:"limit_percent"`
}

// Run puts the configured policy into force, unless its deletions exceed the limit.
func Run(ctx context.Context, opts Options) (*Outcome, error) {
	next, err := opts.Parse(opts.File, opts.Text, opts.Controller)
	if err != nil {
		return nil, err
	}
	if opts.Approve != "" && opts.Approve != next.Revision {
		return nil, fmt.Errorf(
			"put policy into force: the approved revision is %s, and the configured policy %s has the revision %s",
			opts.Approve,
			next.ID,
			next.Revision,
		)
	}
	past, err := opts.Store.Policies(ctx)
	if err != nil {
		return nil, fmt.Errorf("put policy into force: %w", err)
	}
	if len(past) == 0 {
		return opts.putInForce(ctx, next, nil)
	}
	last := past[len(past)-1]
	earlier := opts.earlier(past)
	if last.Revision == next.Revision {
		next.Earlier = earlier
		return &Outcome{Policy: next}, nil
	}
	now, err := opts.Parse("the policy in force", []byte(last.Text), last.Controller)
	if err != nil {
		return nil, fmt.Errorf(
			"put policy into force: this version cannot read the current policy %s, so the deletions of the new policy are unknown: %w",
			last.Revision,
			err,
		)
	}
	now.Earlier = earlier
	next.Earlier = slices.Concat(earlier, []rules.Earlier{{Policy: now, To: opts.Now}})
	if opts.Approved == next.Revision { // the simulation has shown the deletions
		return opts.putInForce(ctx, next, next.Earlier)
	}
	w, err := opts.compare(ctx, now, next)
	if err != nil {
		return nil, fmt.Errorf("put policy into force: %w", err)
	}
	if float64(w.Affected)*100 > opts.LimitPercent*float64(w.Subjects) && opts.Approve != next.Revision {
		opts.Log.Error(
			"the new policy awaits approval because of the number of deletions; the former policy stays in force",
			"waiting",
			w.Revision,
			"affected",
			w.Affected,
			"subjects",
			w.Subjects,
			"limit_percent",
			opts.LimitPercent,
			"approve_with",
			"--approve "+w.Revision,
		)
		return &Outcome{Policy: now, Waiting: w}, nil
	}
	return opts.putInForce(ctx, next, next.Earlier)
}

func (o *Options) putInForce(ctx context.Context, p *rules.Policy, earlier []rules.Earlier) (*Outcome, error) {
	p.Earlier = earlier
	err := o.Store.AddPolicy(
		ctx,
		store.Policy{Revision: p.Revision, From: o.Now.UTC(), Controller: o.Controller, Text: string(o.Text)},
	)
	if err != nil {
		return nil, fmt.Errorf("put policy into force: %w", err)
	}
	o.Log.Info("policy in force", "policy", p.ID, "revision", p.Revision)
	return &Outcome{Policy: p}, nil
}

// earlier returns the policies before the last one, each with the instant of its replacement. A
// policy with an outdated syntax is omitted; the promises of such a policy are unknown.
func (o *Options) earlier(past []store.Policy) []rules.Earlier {
	var out []rules.Earlier
	for i, rec := range past[:len(past)-1] {
		p, err := o.Parse("policy "+rec.Revision, []byte(rec.Text), rec.Controller)
		if err != nil {
			o.Log.Warn("this version cannot read an earlier policy; the promises of that policy are unknown",
				"revision", rec.Revision, "error", err)
			continue
		}
		out = append(out, rules.Earlier{Policy: p, To: past[i+1].From})
	}
	return out
}
