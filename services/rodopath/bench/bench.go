// Package bench measures a whole Rodopath on one machine: how fast it takes
// webhooks, how soon a decision follows, and how much memory it needs.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Options say what is measured.
type Options struct {
	// Out gets the table, Progress what is going on.
	Out, Progress io.Writer
	// Short does a tenth of the work.
	Short bool
	// Only names the one measure to take; empty means all.
	Only string
	// CPUProfile is where to write profiles of the servers; empty means nowhere.
	CPUProfile string
}

// bench is one run of the command.
type bench struct {
	Options
	dir   string
	table *table
}

// Run takes the measures and prints the table.
func Run(ctx context.Context, opts Options) (err error) {
	dir, err := os.MkdirTemp("", "rodopath-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{Options: opts, dir: dir, table: &table{}}
	known := false
	for _, m := range []struct {
		name string
		take func(context.Context) error
	}{
		{"throughput", b.throughput},
		{"latency", b.latency},
		{"memory", b.memory},
		{soakName, b.soak},
	} {
		if opts.Only != "" && opts.Only != m.name || opts.Only == "" && m.name == soakName {
			continue
		}
		known = true
		if err := m.take(ctx); err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
	}
	if !known {
		return fmt.Errorf("there is no measure %q", opts.Only)
	}
	return b.table.print(opts.Out)
}

// soakName is the measure that is taken only when it is named, because it takes long.
const soakName = "soak"

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.Progress, format+"\n", args...)
}

// lasting returns how long to measure: d, or a tenth of it.
func (b *bench) lasting(d time.Duration) time.Duration {
	if b.Short {
		return d / 10
	}
	return d
}
