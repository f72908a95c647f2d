// Package bench measures the lifecycle: the rate of facts, the cost of a sweep as the store grows,
// and the size of the store.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Options configure the measurements.
type Options struct {
	// Out receives the table, Progress the progress.
	Out, Progress io.Writer
	// Short does a tenth of the work.
	Short bool
	// Only names a single measurement; empty means all.
	Only string
	// CPUProfile is where to write a profile of applying; empty means nowhere.
	CPUProfile string
}

// bench is one run of the command.
type bench struct {
	Options
	dir   string
	keys  *identity.Keys
	vault *identity.Vault
	// ids are the ids of the generated subjects.
	ids    []string
	policy *rules.Policy
	rows   [][6]string
	notes  []string
}

// Run runs the measurements and prints the table.
func Run(ctx context.Context, opts Options) (err error) {
	b := &bench{Options: opts}
	if b.dir, err = os.MkdirTemp("", "lifecycle-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.keys, err = identity.NewKeys(); err != nil {
		return err
	}
	if b.vault, err = identity.NewVault(b.keys); err != nil {
		return err
	}
	if b.policy, err = policy.Load(policy.DefaultName, controller); err != nil {
		return err
	}
	switch opts.Only {
	case "":
		b.decide()
		err = errors.Join(b.apply(ctx), b.change(ctx), b.sweep(ctx), b.stored(ctx), b.replicas(ctx))
	case "apply":
		err = b.apply(ctx)
	case "decide":
		b.decide()
	case "change":
		err = b.change(ctx)
	case "sweep":
		err = b.sweep(ctx)
	case "replicas":
		err = b.replicas(ctx)
	case "stored":
		err = b.stored(ctx)
	default:
		err = fmt.Errorf("there is no measure %q", opts.Only)
	}
	if err != nil {
		return err
	}
	return b.print()
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.Progress, format+"\n", args...)
}

// size returns the amount of work: n, or a tenth of n.
func (b *bench) size(n int) int {
	if b.Short {
		return n / 10
	}
	return n
}

// applier returns an applier with the fixed time at.
func (b *bench) applier(st apply.Store, at time.Time, decided func()) *apply.Applier {
	return apply.New(apply.Options{
		Store: st, Vault: b.vault, Policy: b.policy, Wake: decided, Now: func() time.Time { return at },
	})
}

func (b *bench) print() error {
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	for _, r := range append([][6]string{{"MEASURE", "OURS", "BASELINE", "RATIO", "TARGET", "MET"}}, b.rows...) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3], r[4], r[5])
	}
	for _, n := range b.notes {
		fmt.Fprintf(w, "%s\n", n)
	}
	return w.Flush()
}

func (b *bench) row(measure, ours, baseline, ratio, target, met string) {
	b.rows = append(b.rows, [6]string{measure, ours, baseline, ratio, target, met})
}

func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "no"
}
