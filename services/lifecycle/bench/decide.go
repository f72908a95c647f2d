package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// decide measures the evaluation of one person by number of facts. The cost of a fact must not grow
// with the number of facts.
func (b *bench) decide() {
	perFact := map[int]float64{}
	sizes := []int{5, 50, 500}
	for _, n := range sizes {
		facts := b.history(n)
		rounds := b.size(20_000 / n * 10)
		best := time.Hour
		for range 3 {
			begin := time.Now()
			for range rounds {
				lifecycle.Decide(b.policy, lifecycle.Subject{ID: "person"}, facts, now())
			}
			best = min(best, time.Since(begin))
		}
		each := best / time.Duration(rounds)
		perFact[n] = float64(each.Nanoseconds()) / float64(n)
		b.row(fmt.Sprintf("evaluations per second, %d facts", n), fmt.Sprintf("%.0f", 1/each.Seconds()), "-", "-", "-", "-")
	}
	for _, n := range sizes[1:] {
		ratio := perFact[n] / perFact[sizes[0]]
		b.row(
			fmt.Sprintf("ns per fact, %d facts", n),
			fmt.Sprintf("%.0f", perFact[n]),
			fmt.Sprintf("%.0f (%d facts)", perFact[sizes[0]], sizes[0]),
			fmt.Sprintf("%.2f", ratio),
			"-",
			"-",
		)
	}
}

// history returns the facts of one customer over several years.
func (b *bench) history(n int) []fact.Fact {
	c := newCrowd("h", 1, 7)
	var out []fact.Fact
	for _, d := range c.deliveries(n, now().AddDate(-4, 0, 0), now().AddDate(0, 0, -1), true) {
		out = append(out, plain(d))
	}
	return out
}

const (
	// changed is the number of subjects evaluated after a change of the policy.
	changed = 100_000
	// changeAtLeast is the target rate, as a share of the baseline.
	changeAtLeast = 0.5
	// pageSize is the page size of the sweeper.
	pageSize = 500
)

// change measures the evaluation of all subjects after a change of the policy. The baseline is a
// loop that reads and writes the same subjects without evaluation.
func (b *bench) change(ctx context.Context) (err error) {
	n := b.size(changed)
	template := filepath.Join(b.dir, "change.db")
	if err := b.fillStore(ctx, template, n); err != nil {
		return fmt.Errorf("fill store: %w", err)
	}
	text := strings.Replace(policy.Text(), "until: 30 days after webinar", "until: 31 days after webinar", 1)
	next, err := policy.Parse("next policy", []byte(text), "Sklep")
	if err != nil {
		return err
	}
	best := map[string]float64{}
	for round := range 3 {
		for name, loop := range map[string]func(context.Context, *sqlitestore.Store, *rules.Policy) (int, error){
			"ours": b.reviewAll, "bare": touchAll,
		} {
			path := filepath.Join(b.dir, fmt.Sprintf("change-%s-%d.db", name, round))
			rate, err := b.timed(ctx, template, path, next, loop)
			if err != nil {
				return fmt.Errorf("measure a change of the policy, %s: %w", name, err)
			}
			best[name] = max(best[name], rate)
			b.say("round %d, change of policy, %s: %.0f subjects per second", round+1, name, rate)
		}
	}
	ratio := best["ours"] / best["bare"]
	b.row(
		fmt.Sprintf("subjects per second after a change of the policy, %d stored", n),
		fmt.Sprintf("%.0f", best["ours"]),
		fmt.Sprintf(
			"%.0f (bare store loop)",
			best["bare"],
		),
		fmt.Sprintf("%.2f", ratio),
		fmt.Sprintf(">= %.2f", changeAtLeast),
		yes(ratio >= changeAtLeast),
	)
	return nil
}

// timed runs a loop on a copy of a store and returns the rate.
func (b *bench) timed(
	ctx context.Context,
	template, path string,
	p *rules.Policy,
	loop func(context.Context, *sqlitestore.Store, *rules.Policy) (int, error),
) (rate float64, err error) {
	data, err := os.ReadFile(template)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return 0, err
	}
	st, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close(), os.Remove(path)) }()
	begin := time.Now()
	n, err := loop(ctx, st, p)
	return float64(n) / time.Since(begin).Seconds(), err
}

func (b *bench) reviewAll(ctx context.Context, st *sqlitestore.Store, p *rules.Policy) (int, error) {
	other := *b
	other.policy = p
	return background.NewSweeper(background.SweeperOptions{Store: st, Reviewer: other.applier(st, now(), nil), Revision: p.Revision, Now: now}).
		Sweep(ctx)
}

// touchAll reads every subject and writes it back under the next revision.
func touchAll(ctx context.Context, st *sqlitestore.Store, p *rules.Policy) (int, error) {
	total := 0
	for {
		ids, err := st.Due(ctx, now(), p.Revision, pageSize)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		subjects, err := st.Load(ctx, ids)
		if err != nil {
			return total, err
		}
		changes := make([]store.Change, 0, len(subjects))
		for _, s := range subjects {
			s.Revision = p.Revision
			changes = append(changes, store.Change{Subject: s})
		}
		errs, err := st.Save(ctx, changes)
		if err := errors.Join(append(errs, err)...); err != nil {
			return total, err
		}
		total += len(changes)
	}
}
