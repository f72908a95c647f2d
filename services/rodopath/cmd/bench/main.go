// Command bench measures a whole installation on this machine and prints each result beside its
// baseline and its target.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // civil time must not depend on the machine

	"github.com/rodopath/rodopath/services/rodopath/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == bench.PartFlag {
		return bench.RunPart(ctx, os.Args[2], os.Stdin, os.Stdout)
	}
	opts := bench.Options{Out: os.Stdout, Progress: os.Stderr}
	flag.BoolVar(&opts.Short, "short", false, "do a tenth of the work, to try it out")
	flag.StringVar(
		&opts.Only,
		"only",
		"",
		"measure only this: throughput, latency, memory or soak (which takes 20 minutes)",
	)
	flag.StringVar(
		&opts.CPUProfile,
		"cpuprofile",
		"",
		"write CPU profiles of the server under full load to this file, and to FILE.interval and FILE.paused",
	)
	flag.Parse()
	return bench.Run(ctx, opts)
}
