// Command console serves the pages of the seller over the interface of lifecycle.
package main

import (
	"flag"
	"os"

	"github.com/rodopath/rodopath/services/console"
	"github.com/rodopath/rodopath/services/internal/service"
)

func main() {
	flags := service.NewFlags()
	flag.Parse()
	os.Exit(service.Main("console", flags, console.Program))
}
