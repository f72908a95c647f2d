// Command lifecycle applies facts to subjects and decides on deletions and questions for consent.
// The service needs NATS and MongoDB.
package main

import (
	"flag"
	"os"

	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/lifecycle/app"
)

func main() {
	flags := service.NewFlags()
	data := flag.String("data", "", "directory for SQLite and keys, when there is no MongoDB")
	approve := flag.String("approve", "", "revision of a policy that may delete more than the configured share")
	flag.Parse()
	os.Exit(service.Main("lifecycle", flags, func() *service.Program { return app.Program(*data, *approve) }))
}
