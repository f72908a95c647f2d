// Command cluster runs the Helm chart in a real Kubernetes of one node on this machine, under load. The exit code is 0
// without a violation and where the machine lacks something, and 4 with a violation.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rodopath/rodopath/services/rodopath/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// As the first program of an image, this program holds the namespaces of a pod.
	if os.Getpid() == 1 && len(os.Args) == 1 {
		<-ctx.Done()
		return
	}
	code, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context) (int, error) {
	if len(os.Args) == 3 && os.Args[1] == cluster.InsideFlag {
		return cluster.RunInside(ctx, os.Args[2])
	}
	var opts cluster.Options
	flag.StringVar(&opts.Repository, "repository", ".", "the root of the repository")
	flag.StringVar(&opts.Dir, "dir", "", "keep everything here; without it in a directory that goes when nothing is wrong")
	flag.IntVar(&opts.PerSecond, "per-second", 0, "how many webhooks are sent in a second; 0: 50")
	flag.IntVar(&opts.Rollouts, "rollouts", 0, "how often every workload is restarted; 0: 10")
	flag.IntVar(&opts.Seconds, "watch", 0, "how many seconds the autoscaler is watched; 0: 60")
	flag.StringVar(&opts.Only, "only", "", "a pattern of the acts that happen, such as rollouts; empty: all")
	flag.BoolVar(&opts.Built, "built", false, "use the programs of the last build")
	flag.BoolVar(&opts.JSON, "json", false, "print the figures as JSON")
	flag.Parse()
	return cluster.Run(ctx, opts)
}
