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

	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/internal/service"
)

func main() {
	path := flag.String("config", "", "configuration file; without it the environment alone")
	metrics := flag.String("metrics", "127.0.0.1:9091", "address for Prometheus")
	dryRun := flag.Bool("dry-run", false, "log the calls to recipients and make none")
	check := flag.String("check", "", "check that these addresses, separated by commas, answer 200, and exit")
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
