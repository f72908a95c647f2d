// Command dispatch delivers decisions to the configured recipients and publishes their receipts to
// the stream RECEIPTS.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rodopath/rodopath/api/service"
	"github.com/rodopath/rodopath/services/dispatch/app"
)

func main() {
	path := flag.String("config", "", "configuration file; without it the environment alone")
	metrics := flag.String("metrics", "127.0.0.1:9091", "address for Prometheus")
	dryRun := flag.Bool("dry-run", false, "send nothing, and say in the log what would be sent")
	check := flag.String("check", "", "addresses, with commas, that must all answer 200; ask them and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *check != "" {
		err = service.Check(ctx, strings.Split(*check, ","))
	} else {
		err = app.Run(ctx, *path, *metrics, *dryRun, service.Log())
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dispatch:", err)
		os.Exit(1)
	}
}
