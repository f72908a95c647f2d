// Command bench runs the benchmarks of the services and prints their results as a table of ratios
// against baselines of the same run. Flags:
//
//	-only REGEXP     run these benchmarks alone, as with "go test -bench"
//	-count N         take the best of N runs (3)
//	-benchtime D     the time of each run, or Nx for N iterations (1s)
//	-json            print JSON instead of a table
//
// The variables RODOPATH_BENCH_SUBJECTS (the size of a large store, 20000) and RODOPATH_BENCH_SOAK
// (the duration of the soak, which otherwise is skipped) are read by the benchmarks.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt"
)

const services = "github.com/rodopath/rodopath/services/"

// packages returns the packages with benchmarks.
func packages() []string {
	return []string{services + "lifecycle", services + "dispatch/app", services + "rodopath/standalone"}
}

// table lists the rows: measure, unit, benchmark, baseline, name of the baseline, and the bound of
// the ratio, or of the value if there is no baseline. A baseline may name a unit of its own.
const table = `
webhooks per second, on the disk before the answer | webhooks/s | Webhooks/door | Webhooks/echo | echo | >= 0.65
the same with everything at work | webhooks/s | Webhooks/serve | Webhooks/file | file with group fsync | >= 0.5
the same with nats.fsync: always | webhooks/s | Webhooks/always | Webhooks/file | file with group fsync |
from the first webhook to the last event, everything at work | webhooks/s | Cost | Webhooks/echo | echo | >= 0.2
µs of processor time per webhook, everything at work | cpu-µs | Cost | | | <= 200
KiB written per webhook at 100 per second | written-KiB | Cost | | | <= 15
facts applied per second, interval | facts/s | Apply/fsync=interval | Apply/bare | bare SQLite loop | >= 0.5
the same with the default | facts/s | Apply/fsync=always | Apply/bare | bare SQLite loop | >= 0.5
facts applied per second, MongoDB | facts/s | MongoDB/apply | MongoDB/bare | bare bulk writes |
facts applied per second by 2 replicas | facts/s | Apply/replicas=2 | Apply/replicas=1 | 1 replica |
the same by 4 replicas | facts/s | Apply/replicas=4 | Apply/replicas=1 | 1 replica |
version conflicts per write, 2 replicas | conflicts/write | Apply/replicas=2 | | |
the same by 4 replicas | conflicts/write | Apply/replicas=4 | | |
evaluations per second, 5 facts | evaluations/s | Decide/facts=5 | | |
the same with 50 facts | evaluations/s | Decide/facts=50 | | |
the same with 500 facts | evaluations/s | Decide/facts=500 | | |
µs per fact, 500 facts | µs/fact | Decide/facts=500 | Decide/facts=5 | 5 facts |
subjects per second after a change of the policy | subjects/s | Rollout/sweep | Rollout/bare | bare store loop | >= 0.5
ms for a sweep of 1,000 due among many | ms/sweep | Sweep/stored=many | Sweep/stored=few | among 10,000 | <= 1.3
bytes stored per subject | B/subject | Sweep/stored=many | | |
start of lifecycle on a large store | start-ms | Explain/http | | |
explain on a large store, p50 | p50-ms | Explain/http | | |
explain on a large store, p99 | p99-ms | Explain/http | | |
decisions delivered per second, interval | decisions/s | Deliver/fsync=interval | Deliver/bare | bare HTTP loop | >= 0.6
the same with the default | decisions/s | Deliver/fsync=always | Deliver/bare | bare HTTP loop | >= 0.6
decision to webhook beside a dead recipient, p50 | p50-ms | Dead/dead=true | Dead/dead=false | no dead one | <= 1.2
the same, p99 | p99-ms | Dead/dead=true | Dead/dead=false | no dead one | <= 1.2
webhook to event at 200 per second, p50 | p50-ms | Latency/fsync=always | | |
the same, p99 | p99-ms | Latency/fsync=always | | |
the same with nats.fsync: interval, p50 | p50-ms | Latency/fsync=interval | | |
the same with nats.fsync: interval, p99 | p99-ms | Latency/fsync=interval | | |
resident memory, idle | idle-MiB | Memory | | | <= 80
resident memory, most under load | most-MiB | Memory | | | <= 400
soak: webhooks per second | webhooks/s | Soak | | |
soak: resident memory at the end | late-MiB | Soak | Soak early-MiB | early |
soak: bytes of memory per decision | B/decision | Soak | | | <= 1000
soak: webhook to event at the end, p99 | late-p99-ms | Soak | Soak early-p99-ms | early | <= 1.5
soak: webhooks refused | refused | Soak | | |
soak: webhooks whose event came after ten seconds | late | Soak | | |
soak: webhooks without an event | lost | Soak | | | <= 0`

func main() {
	only := flag.String("only", ".", "run the benchmarks that match this `regexp`")
	count := flag.Int("count", 3, "take the best of this number of runs")
	benchtime := flag.String("benchtime", "1s", "the time of each run, or Nx for N iterations")
	asJSON := flag.Bool("json", false, "print JSON instead of a table")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	best, err := run(ctx, "-bench="+*only, "-count="+strconv.Itoa(*count), "-benchtime="+*benchtime)
	stop()
	var rows []result
	if err == nil {
		rows, err = results(best)
	}
	if err == nil {
		err = write(os.Stdout, rows, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run runs the benchmarks and returns the best values by benchmark and unit.
func run(ctx context.Context, args ...string) (map[string]float64, error) {
	args = append([]string{"test", "-run=^$", "-p=1", "-timeout=0"}, append(args, packages()...)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr, cmd.Cancel = os.Stderr, func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	best := map[string]float64{}
	r := benchfmt.NewReader(io.TeeReader(out, os.Stderr), "go test")
	for r.Scan() {
		if result, ok := r.Result().(*benchfmt.Result); ok {
			add(best, result)
		}
	}
	return best, cmp.Or(cmd.Wait(), r.Err())
}

// add keeps the highest rate, and the lowest value of any other unit.
func add(best map[string]float64, result *benchfmt.Result) {
	name, _, _ := strings.Cut(result.Name.String(), "-") // the number of processors follows
	for _, v := range result.Values {
		key := name + " " + v.Unit
		old, found := best[key]
		switch {
		case !found:
			best[key] = v.Value
		case strings.HasSuffix(v.Unit, "/s"):
			best[key] = max(old, v.Value)
		default:
			best[key] = min(old, v.Value)
		}
	}
}

// result is a row with its values.
type result struct {
	Measure      string   `json:"measure"`
	Value        float64  `json:"value"`
	Unit         string   `json:"unit"`
	Baseline     *float64 `json:"baseline,omitempty"`
	BaselineText string   `json:"baseline_text,omitempty"`
	Ratio        *float64 `json:"ratio,omitempty"`
	Wanted       string   `json:"wanted,omitempty"`
	Met          *bool    `json:"met,omitempty"`
}

// results returns the rows of the benchmarks that were run.
func results(best map[string]float64) ([]result, error) {
	var out []result
	for line := range strings.Lines(strings.TrimSpace(table)) {
		c := strings.Split(line, "|")
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		value, found := best[c[2]+" "+c[1]]
		if !found {
			continue
		}
		r := result{Measure: c[0], Value: value, Unit: c[1], Wanted: c[5]}
		judged := value
		base, found := best[c[3]]
		if !found {
			base, found = best[c[3]+" "+c[1]]
		}
		if found && base > 0 {
			judged = value / base
			r.Baseline, r.BaselineText, r.Ratio = &base, c[4], &judged
		}
		if r.Wanted != "" && (c[3] == "" || r.Ratio != nil) {
			sign, text, _ := strings.Cut(r.Wanted, " ")
			bound, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("bound of %q: %w", r.Measure, err)
			}
			met := sign == ">=" && judged >= bound || sign == "<=" && judged <= bound
			r.Met = &met
		}
		out = append(out, r)
	}
	return out, nil
}

func write(out io.Writer, rows []result, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MEASURE\tVALUE\tBASELINE\tRATIO\tWANTED\tMET")
	for _, r := range rows {
		unit := "" // rates and shares are named by the measure
		if i := strings.LastIndex(r.Unit, "-"); i >= 0 {
			unit = " " + r.Unit[i+1:]
		}
		baseline, ratio, met := "-", "-", "-"
		if r.Baseline != nil {
			baseline = fmt.Sprintf("%s%s (%s)", number(*r.Baseline), unit, r.BaselineText)
			ratio = fmt.Sprintf("%.2f", *r.Ratio)
		}
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		value := number(r.Value) + unit
		fmt.Fprintln(w, strings.Join([]string{r.Measure, value, baseline, ratio, cmp.Or(r.Wanted, "-"), met}, "\t"))
	}
	return w.Flush()
}

// number writes three significant digits, and all digits before the point.
func number(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
