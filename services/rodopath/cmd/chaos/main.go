// Command chaos injects faults into a whole installation under load, and checks that no webhook is
// lost and no undue decision is sent. The exit code is 0 without a violation and 4 with one.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // civil time must not depend on the machine

	"github.com/rodopath/rodopath/services/rodopath/chaos"
)

const exitBroken = 4

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context) (int, error) {
	if len(os.Args) == 3 && os.Args[1] == chaos.PartFlag {
		return 0, chaos.RunPart(ctx, os.Args[2], os.Stdin)
	}
	opts := chaos.Options{Progress: os.Stderr, MongoDB: os.Getenv("RODOPATH_TEST_MONGODB_URI")}
	flag.Uint64Var(&opts.Seed, "seed", 0, "draw the stories and faults of this seed; 0: of another each time")
	flag.IntVar(&opts.Rounds, "rounds", 200, "how many rounds, of a little more than a second each")
	flag.IntVar(&opts.Persons, "persons", 5, "how many persons begin a story in each round")
	flag.StringVar(&opts.Dir, "dir", "", "keep everything here; without it in a directory that goes when nothing is wrong")
	flag.Func("faults", "draw from these faults alone, by name and separated by commas", func(names string) error {
		opts.Faults = strings.Split(names, ",")
		return nil
	})
	asJSON := flag.Bool("json", false, "print the figures as JSON")
	flag.Parse()
	figures, err := chaos.Run(ctx, opts)
	if err != nil {
		return 1, err
	}
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(figures)
	} else {
		err = figures.Print(os.Stdout)
	}
	if len(figures.Violations) > 0 {
		return exitBroken, err
	}
	return 0, err
}
