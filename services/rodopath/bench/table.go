package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// table is what was measured, and remarks that were measured too.
type table struct {
	rows  [][6]string
	notes []string
}

func (t *table) add(measure, ours, baseline, ratio, target string, met bool) {
	answer := map[bool]string{true: "yes", false: "no"}[met]
	if target == "-" {
		answer = "-"
	}
	t.rows = append(t.rows, [6]string{measure, ours, baseline, ratio, target, answer})
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *table) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range append([][6]string{{"MEASURE", "OURS", "BASELINE", "RATIO", "TARGET", "MET"}}, t.rows...) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3], r[4], r[5])
	}
	for _, n := range t.notes {
		fmt.Fprintf(w, "%s\n", n)
	}
	return w.Flush()
}
