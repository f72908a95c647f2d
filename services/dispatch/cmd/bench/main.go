// Command bench measures the delivery of decisions on this machine and prints each result beside
// its baseline and its target.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rodopath/rodopath/services/dispatch/bench"
)

func main() {
	opts := bench.Options{Out: os.Stdout, Progress: os.Stderr}
	flag.BoolVar(&opts.Short, "short", false, "do a tenth of the work, to try it out")
	flag.StringVar(&opts.Only, "only", "", "measure only this: deliver or dead")
	flag.StringVar(&opts.CPUProfile, "cpuprofile", "", "write a CPU profile of delivering to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench.Run(ctx, opts)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
