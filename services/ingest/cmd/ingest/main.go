// Command ingest receives the webhooks of the sales platforms and publishes their facts to the
// stream FACTS.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/service"
)

func main() {
	path := flag.String("config", "", "configuration file; without it the environment alone")
	metrics := flag.String("metrics", "127.0.0.1:9090", "address for Prometheus")
	check := flag.String("check", "", "check that these addresses, separated by commas, answer 200, and exit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *check != "" {
		err = service.Check(ctx, strings.Split(*check, ","))
	} else {
		err = app.Run(ctx, *path, *metrics, service.Log())
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}
