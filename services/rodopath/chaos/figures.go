package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Figures are the figures of a run.
type Figures struct {
	Seed   uint64        `json:"seed"`
	Rounds int           `json:"rounds"`
	Took   time.Duration `json:"took_ns"`
	// Persons counts the persons, Webhooks their webhooks. Unsure counts the persons with a webhook
	// sent once and not accepted.
	Persons  int            `json:"persons"`
	Stories  map[string]int `json:"stories"`
	Webhooks int            `json:"webhooks"`
	Unsure   int            `json:"unsure"`
	// Sent counts requests, Taken accepted ones (2xx), Refused others, Repeated the redeliveries
	// after a refusal.
	Sent     int64 `json:"sent"`
	Taken    int64 `json:"taken"`
	Refused  int64 `json:"refused"`
	Repeated int64 `json:"repeated"`
	// Facts and Subjects are known to lifecycle.
	Facts     int `json:"facts"`
	Subjects  int `json:"subjects"`
	Decisions int `json:"decisions"`
	// Told counts the decisions at the recipient, Calls its calls; Forged counts calls without a
	// signature. Receipts counts separate receipts, ReceiptsTwice repeated ones.
	Told          int `json:"told"`
	Calls         int `json:"calls"`
	Forged        int `json:"forged"`
	Receipts      int `json:"receipts"`
	ReceiptsTwice int `json:"receipts_twice"`
	// Kills counts the kills of each process, Ended the ends without a kill.
	Kills map[string]int64 `json:"kills"`
	Ended map[string]int64 `json:"ended"`
	// Faults is how often each fault was done.
	Faults map[string]int `json:"faults"`
	// ClockSteps are the long steps between segments.
	ClockSteps int `json:"long_clock_steps"`
	// Recovery is the time from a fault until all services are ready, while other faults continue;
	// Settle the time until all queues are empty.
	RecoveryP50 time.Duration `json:"recovery_p50_ns"`
	RecoveryMax time.Duration `json:"recovery_max_ns"`
	SettleMax   time.Duration `json:"settle_max_ns"`
	// Violations are the promises that were broken.
	Violations []Violation `json:"violations"`
	// Others are the violations without one person.
	Others []Violation `json:"-"`
}

func newFigures(seed uint64, rounds int) *Figures {
	return &Figures{
		Seed:       seed,
		Rounds:     rounds,
		Stories:    map[string]int{},
		Kills:      map[string]int64{},
		Ended:      map[string]int64{},
		Faults:     map[string]int{},
		Violations: []Violation{},
	}
}

func (f *Figures) settled(d time.Duration) { f.SettleMax = max(f.SettleMax, d) }

// recovered records sorted recovery times.
func (f *Figures) recovered(times []time.Duration) {
	if n := len(times); n > 0 {
		f.RecoveryP50, f.RecoveryMax = times[n/2], times[n-1]
	}
}

// Print writes the figures for people.
func (f *Figures) Print(out io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-22s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("seed", "%d", f.Seed)
	line("rounds", "%d in %s", f.Rounds, f.Took.Round(time.Second))
	line("persons", "%d, stories: %s", f.Persons, counts(f.Stories))
	line(
		"webhooks",
		"%d, sent %d times: %d answered 2xx, %d refused, %d repeated for that; %d persons unsure",
		f.Webhooks,
		f.Sent,
		f.Taken,
		f.Refused,
		f.Repeated,
		f.Unsure,
	)
	line("facts", "%d in %d subjects", f.Facts, f.Subjects)
	line("decisions", "%d, told %d in %d calls (%d forged)", f.Decisions, f.Told, f.Calls, f.Forged)
	line("receipts", "%d by themselves, of them %d twice", f.Receipts, f.ReceiptsTwice)
	line("kills", "%s", counts(f.Kills))
	line("ended by themselves", "%s", counts(f.Ended))
	line("faults", "%s", counts(f.Faults))
	line("long clock steps", "%d of %d months", f.ClockSteps, stride)
	line("time to recover", "p50 %s, max %s", f.RecoveryP50.Round(time.Millisecond), f.RecoveryMax.Round(time.Millisecond))
	line("time to settle", "max %s", f.SettleMax.Round(time.Millisecond))
	line("violations", "%d", len(f.Violations))
	for _, v := range f.Violations {
		fmt.Fprintln(&b, "  "+v.String())
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func counts[N int | int64](m map[string]N) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}

// write writes a record to a file, to be checked again.
func (r *Record) write(path string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return os.WriteFile(path, data, 0o600)
}
