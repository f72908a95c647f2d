// Command scale simulates how many replicas and partitions some numbers of persons need, with the measured costs.
// Flags:
//
//	-seed N   draw the arrivals of this seed (1)
//	-json     print JSON instead of tables
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/rodopath/rodopath/services/rodopath/scale"
)

func main() {
	seed := flag.Uint64("seed", 1, "draw the arrivals of this seed")
	asJSON := flag.Bool("json", false, "print JSON instead of tables")
	flag.Parse()
	results := scale.Results(*seed, func(load string) { fmt.Fprintln(os.Stderr, "simulating:", load) })
	var err error
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(results)
	} else {
		err = scale.Print(os.Stdout, results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}
