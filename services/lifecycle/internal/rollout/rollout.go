// Package adoption puts a policy in force. What people were promised under an earlier
// one is kept, and a policy under which much would be deleted waits for approval
// while the one before stays in force.
package rollout

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Store remembers the policies that were in force, and has the subjects on which a
// new one is tried.
type Store interface {
	Policies(ctx context.Context) ([]store.Policy, error)
	AddPolicy(ctx context.Context, p store.Policy) error
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
}

// Options say which policy is to be in force.
type Options struct {
	Store Store
	// Parse reads a policy.
	Parse func(file string, data []byte, controller string) (*lifecycle.Policy, error)
	// File, Text and Controller are the policy as it is configured.
	File, Controller string
	Text             []byte
	// LimitPercent is the share of subjects of whom a new policy may delete something
	// without approval.
	LimitPercent float64
	// Approve is the revision of a policy that may delete more.
	Approve string
	Now     time.Time
	Log     *slog.Logger
}

// Outcome is which policy is in force.
type Outcome struct {
	Policy *lifecycle.Policy
	// Waiting is a policy that needs approval first; nil when none does.
	Waiting *Waiting
}

// Waiting is what a policy would delete that is not in force yet.
type Waiting struct {
	Policy   string `json:"policy"`
	Revision string `json:"revision"`
	// Affected of Subjects would lose something at once.
	Affected int `json:"affected"`
	Subjects int `json:"subjects"`
	// Items counts what would go, by category.
	Items map[string]int `json:"items"`
	// LimitPercent is the share that may go without approval.
	LimitPercent float64 `json:"limit_percent"`
}

// Run puts the configured policy in force, unless it would delete too much.
func Run(ctx context.Context, opts Options) (*Outcome, error) {
	next, err := opts.Parse(opts.File, opts.Text, opts.Controller)
	if err != nil {
		return nil, err
	}
	if opts.Approve != "" && opts.Approve != next.Revision {
		return nil, fmt.Errorf("adopt policy: revision %s is to be approved, and the configured policy %s has the revision %s", opts.Approve, next.ID, next.Revision)
	}
	past, err := opts.Store.Policies(ctx)
	if err != nil {
		return nil, fmt.Errorf("adopt policy: %w", err)
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
		return nil, fmt.Errorf("adopt policy: the policy in force so far, %s, cannot be read any more by this version, so nobody can tell what the new one would delete: %w", last.Revision, err)
	}
	now.Earlier = earlier
	next.Earlier = slices.Concat(earlier, []lifecycle.Earlier{{Policy: now, To: opts.Now}})
	w, err := opts.compare(ctx, now, next)
	if err != nil {
		return nil, fmt.Errorf("adopt policy: %w", err)
	}
	if float64(w.Affected)*100 > opts.LimitPercent*float64(w.Subjects) && opts.Approve != next.Revision {
		opts.Log.Error("the new policy would delete much and is not in force; the one before still is", "waiting", w.Revision,
			"affected", w.Affected, "subjects", w.Subjects, "limit_percent", opts.LimitPercent, "approve_with", "--approve "+w.Revision)
		return &Outcome{Policy: now, Waiting: w}, nil
	}
	return opts.putInForce(ctx, next, next.Earlier)
}

func (o *Options) putInForce(ctx context.Context, p *lifecycle.Policy, earlier []lifecycle.Earlier) (*Outcome, error) {
	p.Earlier = earlier
	err := o.Store.AddPolicy(ctx, store.Policy{Revision: p.Revision, From: o.Now.UTC(), Controller: o.Controller, Text: string(o.Text)})
	if err != nil {
		return nil, fmt.Errorf("adopt policy: %w", err)
	}
	o.Log.Info("policy in force", "policy", p.ID, "revision", p.Revision)
	return &Outcome{Policy: p}, nil
}

// earlier returns the policies before the last one, each up to when the next came.
// One that this version cannot read is left out: what it promised is not known.
func (o *Options) earlier(past []store.Policy) []lifecycle.Earlier {
	var out []lifecycle.Earlier
	for i, rec := range past[:len(past)-1] {
		p, err := o.Parse("policy "+rec.Revision, []byte(rec.Text), rec.Controller)
		if err != nil {
			o.Log.Warn("an earlier policy cannot be read any more; what it promised is not known", "revision", rec.Revision, "error", err)
			continue
		}
		out = append(out, lifecycle.Earlier{Policy: p, To: past[i+1].From})
	}
	return out
}

// progressEvery is how often a long comparison says how far it is.
const progressEvery = 5 * time.Second

// compare tries the next policy on every subject.
func (o *Options) compare(ctx context.Context, now, next *lifecycle.Policy) (*Waiting, error) {
	w := &Waiting{Policy: next.ID, Revision: next.Revision, Items: map[string]int{}, LimitPercent: o.LimitPercent}
	said := time.Now()
	err := store.Walk(ctx, o.Store, func(s *lifecycle.Subject) error {
		w.add(lifecycle.Impact(now, next, *s, o.Now))
		if time.Since(said) > progressEvery {
			said = time.Now()
			o.Log.Info("trying the new policy on what is stored", "subjects", w.Subjects, "affected", w.Affected)
		}
		return nil
	})
	return w, err
}

func (w *Waiting) add(goes []lifecycle.Item) {
	w.Subjects++
	if len(goes) > 0 {
		w.Affected++
	}
	for _, item := range goes {
		w.Items[item.Category]++
	}
}
