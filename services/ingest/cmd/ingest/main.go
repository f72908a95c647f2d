// Command ingest receives the webhooks of the sales platforms and publishes their facts to the
// stream FACTS.
package main

import (
	"flag"
	"os"

	"github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/service"
)

func main() {
	flags := service.NewFlags()
	metrics := flag.String("metrics", "127.0.0.1:9090", "address for Prometheus and for the import of histories")
	forward := flag.Bool("forward", false, "forward the intake log at intake.path to NATS, and exit")
	flag.Parse()
	os.Exit(service.Main("ingest", flags, func() *service.Program {
		if *forward {
			return app.Forward()
		}
		return app.Program(*metrics)
	}))
}
