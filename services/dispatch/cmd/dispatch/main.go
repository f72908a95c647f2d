// Command dispatch delivers decisions to the configured recipients and publishes their receipts to
// the stream RECEIPTS.
package main

import (
	"flag"
	"os"

	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/internal/service"
)

func main() {
	flags := service.NewFlags()
	metrics := flag.String("metrics", "127.0.0.1:9091", "address for Prometheus")
	dryRun := flag.Bool("dry-run", false, "log the calls to recipients and make none")
	flag.Parse()
	os.Exit(service.Main("dispatch", flags, func() *service.Program { return app.Program(*metrics, *dryRun) }))
}
