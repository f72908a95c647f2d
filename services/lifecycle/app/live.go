package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/invented"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// openLive opens the state that says which recipients are notified. An installation that has persons and no such state
// worked before there was one: its recipients stay notified.
func (a *App) openLive(ctx context.Context, opts Options) error {
	persons, err := a.store.Count(ctx)
	if err != nil {
		return err
	}
	recipients := make([]live.Recipient, len(opts.Config.Recipients))
	for i := range opts.Config.Recipients {
		r := &opts.Config.Recipients[i]
		recipients[i] = live.Recipient{ID: r.ID, Kinds: r.Accepts(), Platform: r.Platform(), Delay: r.Delay}
		if r.By == "hand" && r.Delay == nil {
			recipients[i].Delay = new(time.Duration) // a person acts, and nothing acts at once
		}
	}
	atOnce, err := a.notifiesAtOnce(ctx, opts)
	if err != nil {
		return err
	}
	a.live, err = live.New(ctx, live.Options{
		Store:      a.store,
		Recipients: recipients,
		Sources:    platformSources(opts.Config),
		AtOnce:     atOnce,
		Existing:   persons > 0,
		Products:   hashed(a.policy.Products),
		Alone:      opts.Alone,
		Now:        opts.Now,
	})
	if err != nil {
		return err
	}
	a.policy.Gate, a.policy.HoldsUnlisted = a.live, a.live.HoldsUnlisted()
	if len(recipients) > 0 && a.live.Observes() {
		opts.Log.Warn("recipients are not notified yet: the installation observes",
			"next", "rodopath preview, then rodopath go-live")
	}
	return nil
}

// platformSources are the sources whose platform has a history of its own. A system of the controller's own
// sends all of
// its history itself.
func platformSources(c *config.Config) []string {
	var out []string
	for i := range c.Sources {
		if c.Sources[i].Platform != "standard" {
			out = append(out, c.Sources[i].ID)
		}
	}
	return out
}

// hashed returns a hash of the products of the sources.
func hashed(products map[string]map[string]rules.Product) string {
	h := sha256.New()
	for _, source := range slices.Sorted(maps.Keys(products)) {
		for _, key := range slices.Sorted(maps.Keys(products[source])) {
			p := products[source][key]
			fmt.Fprintf(h, "%q %q %s %d\n", source, key, p.Access, p.Days)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// notifiesAtOnce reports whether the configuration notifies every recipient from the start. The installation observes
// all the same while persons are stored that the demo invented when nobody could be notified of them.
func (a *App) notifiesAtOnce(ctx context.Context, opts Options) (bool, error) {
	if opts.Config.Observe == nil || *opts.Config.Observe {
		return false, nil
	}
	persons, despite, err := invented.Count(ctx, a.store)
	if err != nil || persons == 0 || despite {
		return true, err
	}
	opts.Log.Warn("the installation observes although observe is false: invented persons of the demo are stored",
		"persons", persons, "next", "rodopath demo remove, then start again")
	return false, nil
}

// newReleaser makes the loop that evaluates the subjects after an order to go live.
func (a *App) newReleaser(opts Options, again background.ReplayOptions) {
	a.releaser = &background.Releaser{
		Orders: a.live, Replay: again, Wake: a.relay.Wake, Now: opts.Now, Log: opts.Log.With("loop", "release"),
	}
}

// withdraw stops an unpublished decision; false for a published or unknown one.
func (a *App) withdraw(ctx context.Context, subject, decision, reason string) (bool, error) {
	done := false
	err := store.Update(ctx, a.store, subject, func(s lifecycle.Subject) (*store.Change, error) {
		if s, done = lifecycle.Withdraw(s, decision, reason, a.now()); !done {
			return nil, nil
		}
		return &store.Change{Subject: s}, nil
	})
	if done {
		a.relay.Wake()
	}
	return done, err
}
