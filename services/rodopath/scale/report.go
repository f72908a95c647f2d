package scale

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// The measured costs, with the run that each is from, on two cores.
const (
	// factsPerSecond is how many facts one replica applies: "facts applied per second" of make bench.
	factsPerSecond = 8592
	// reviewsPerSecond is how many subjects one replica evaluates and writes after a change of the policy: "subjects per
	// second after a change of the policy" of make bench.
	reviewsPerSecond = 15_561
	// commands is the number of commands to the database in a batch: TestStore_RoundTrips of mongostore, with the lookup
	// of the keys.
	commands = 8
	// messagesPerSecond is how many messages the stream takes on three servers: BenchmarkFacts of internal/streams.
	messagesPerSecond = 41_000
	// bytesPerPerson is what a person with five facts needs on the disk: "bytes stored per subject" of make bench.
	bytesPerPerson = 1389
)

// roundTrip is the assumed time of a command to a replica set, in seconds, with its write in the journal of a majority.
// No run measured it.
const roundTrip = 0.002

// Measured are the costs of a replica.
func Measured() Costs {
	return Costs{Batch: commands * roundTrip, Fact: 1.0 / factsPerSecond, Linger: 0.25, Largest: 2000}
}

// Loads are the load of the benchmark, where 0.45^5 of the persons had no sale among their five facts before and so no
// address that a refund leads to, and the peak of 10 million and of a billion persons: 20 times the mean of five
// facts for each person and year, three quarters of them within 2,500 hours.
func Loads() []Load {
	return []Load{
		{Name: "benchmark: all at once", Facts: 5000, Persons: 1000, Weak: 0.08, New: 0.02},
		{
			Name: "10 million persons, peak", Facts: 83 * 120, PerSecond: 83, PerPerson: 3, Within: 10, Weak: 0.2, New: 0.1,
		},
		{
			Name: "1 billion persons, peak", Facts: 8300 * 30, PerSecond: 8300, PerPerson: 3, Within: 10, Weak: 0.2, New: 0.1,
		},
		{
			Name: "1 billion persons, twice the peak", Facts: 16_600 * 20, PerSecond: 16_600, PerPerson: 3, Within: 10,
			Weak: 0.2, New: 0.1,
		},
	}
}

// Plans are the plans that are compared.
func Plans() []Plan {
	var out []Plan
	for _, replicas := range []int{1, 2, 4, 16} {
		for _, partitions := range []int{1, 4, 16} {
			out = append(out, Plan{Replicas: replicas, Partitions: partitions})
		}
	}
	return out
}

// Results runs all loads on all plans. progress is called with the name of each load before its runs.
func Results(seed uint64, progress func(load string)) []Result {
	var out []Result
	for _, l := range Loads() {
		progress(l.Name)
		for _, p := range Plans() {
			out = append(out, Run(Measured(), l, p, seed))
		}
	}
	return out
}

// Print writes the results as tables.
func Print(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	load := ""
	for _, r := range results {
		if r.Load != load {
			load = r.Load
			fmt.Fprintf(table, "\n%s\nREPLICAS\tPARTITIONS\tCONFLICTS\tFACTS/S\tBUSY\tWAIT P99\tKEEPS UP\n", load)
		}
		up := "yes"
		if r.Behind {
			up = "no"
		}
		fmt.Fprintf(table, "%d\t%d\t%.2f %%\t%.0f\t%.0f %%\t%.2f s\t%s\n",
			r.Replicas, r.Partitions, r.Conflicts*100, r.PerSecond, r.Busy*100, r.Wait, up)
	}
	fmt.Fprintf(table, "\nall reviews\nPERSONS\t1 REPLICA\t4 REPLICAS\t16 REPLICAS\tSTORAGE, ONE COPY\n")
	for _, persons := range []float64{1e6, 1e7, 1e8, 1e9} {
		hours := func(replicas float64) float64 { return persons / (reviewsPerSecond * replicas) / 3600 }
		fmt.Fprintf(table, "%.0f\t%.2f h\t%.2f h\t%.2f h\t%.1f GB\n",
			persons, hours(1), hours(4), hours(16), persons*bytesPerPerson/1e9)
	}
	fmt.Fprintf(table, "\nThe stream of facts took %d messages a second; no database is simulated.\n", messagesPerSecond)
	return table.Flush()
}
