// Command rodopath is the standalone server and the command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rodopath/rodopath/services/rodopath/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
