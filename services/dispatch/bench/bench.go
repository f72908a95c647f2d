// Package bench measures the rate of deliveries to recipients, and the cost of a dead recipient for
// the others.
package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/rodopath/rodopath/services/internal/config"
)

// Options configure a run.
type Options struct {
	// Out receives the table, Progress the progress.
	Out, Progress io.Writer
	// Short does a tenth of the work.
	Short bool
	// Only names the one measure to run; empty means all.
	Only string
	// CPUProfile is where to write a profile of delivering; empty means nowhere.
	CPUProfile string
}

// bench is one run of the command.
type bench struct {
	Options
	dir    string
	secret string
	rows   [][6]string
}

// Run runs the measures and prints the table.
func Run(ctx context.Context, opts Options) (err error) {
	b := &bench{Options: opts}
	if b.dir, err = os.MkdirTemp("", "dispatch-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.secret = filepath.Join(b.dir, "secret")
	secret := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("s"), 24))
	if err := os.WriteFile(b.secret, []byte(secret), 0o600); err != nil {
		return err
	}
	switch opts.Only {
	case "":
		err = errors.Join(b.deliver(ctx), b.dead(ctx))
	case "deliver":
		err = b.deliver(ctx)
	case "dead":
		err = b.dead(ctx)
	default:
		err = fmt.Errorf("there is no measure %q", opts.Only)
	}
	if err != nil {
		return err
	}
	return b.print()
}

// recipient is a recipient by webhook.
func (b *bench) recipient(id, url string, inFlight int) config.Recipient {
	return config.Recipient{
		ID:           id,
		By:           "webhook",
		URL:          url,
		Secrets:      []string{"file:" + b.secret},
		AllowPrivate: true,
		InFlight:     inFlight,
	}
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.Progress, format+"\n", args...) }

// log returns a logger for errors; a dead recipient logs by design.
func (b *bench) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(b.Progress, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// size returns the amount of work: n, or a tenth of n.
func (b *bench) size(n int) int {
	if b.Short {
		return n / 10
	}
	return n
}

func (b *bench) print() error {
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	for _, r := range append([][6]string{{"MEASURE", "OURS", "BASELINE", "RATIO", "TARGET", "MET"}}, b.rows...) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3], r[4], r[5])
	}
	return w.Flush()
}

func (b *bench) row(measure, ours, baseline, ratio, target string, met bool) {
	yes := "no"
	if met {
		yes = "yes"
	}
	b.rows = append(b.rows, [6]string{measure, ours, baseline, ratio, target, yes})
}
