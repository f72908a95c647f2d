// Command bench measures the lifecycle on the local machine and prints each result with baseline and
// target.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // civil time must not depend on the machine

	"github.com/rodopath/rodopath/services/lifecycle/bench"
)

func main() {
	opts := bench.Options{Out: os.Stdout, Progress: os.Stderr}
	flag.BoolVar(&opts.Short, "short", false, "do a tenth of the work, to try it out")
	flag.StringVar(&opts.Only, "only", "", "measure only this: decide, apply, change, sweep, stored or replicas")
	flag.StringVar(&opts.CPUProfile, "cpuprofile", "", "write a CPU profile of applying facts to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench.Run(ctx, opts)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
