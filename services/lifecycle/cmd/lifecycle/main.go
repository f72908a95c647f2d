// Command lifecycle applies facts to subjects and decides on deletions and questions for consent.
// The service needs NATS and MongoDB.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/lifecycle/app"
)

func main() {
	path := flag.String("config", "", "configuration file; without it the environment alone")
	data := flag.String("data", "", "directory for SQLite and keys, when there is no MongoDB")
	approve := flag.String("approve", "", "revision of a policy that may delete more than the configured share")
	check := flag.String("check", "", "addresses, with commas, that must all answer 200; ask them and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *check != "" {
		err = service.Check(ctx, strings.Split(*check, ","))
	} else {
		err = app.Run(ctx, *path, *data, *approve, service.Log())
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lifecycle:", err)
		os.Exit(1)
	}
}
