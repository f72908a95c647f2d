package cli

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/lifecycle/simulation"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// effectText is such as "3 persons (invoice 4, order 4)".
func effectText(e simulation.Effect) string {
	if e.Persons == 0 {
		return "-"
	}
	items := make([]string, 0, len(e.Items))
	for _, category := range slices.Sorted(maps.Keys(e.Items)) {
		items = append(items, fmt.Sprintf("%s %d", category, e.Items[category]))
	}
	return fmt.Sprintf("%d persons (%s)", e.Persons, strings.Join(items, ", "))
}

// comparison is the result of a simulation.
type comparison struct {
	Revision string `json:"revision"`
	simulation.Result
}

func (s *shared) simulatePolicy() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "simulate CHANGE...",
		Short: "Show whose data a changed policy would delete earlier or keep longer",
		Long: `Compare the policy in force with the policy with changes, on all persons of a running server. A change
is a choice ("claims=strict"), or the retention period of a rule. Nothing is changed.`,
		Example: "  rodopath policy simulate claims=strict\n  rodopath policy simulate \"webinar.until=60 days after webinar\" --json",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, changes []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				last, err := lastLine(cmd, c.AskLines, "/v1/policy/simulation", map[string]any{"changes": changes})
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), last, asJSON, writeComparison)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// lastLine reads an answer of one JSON object a line to its end, shows the progress, and returns the last line.
func lastLine(
	cmd *cobra.Command, ask asks, path string, question any,
) (last []byte, err error) {
	bar := newCounterBar(cmd)
	defer bar.end()
	err = ask(cmd.Context(), path, question, func(line []byte) error {
		last = bytes.Clone(line)
		return bar.show(line)
	})
	return last, err
}

func writeComparison(out io.Writer, data []byte) error {
	var line struct {
		Result *comparison `json:"result"`
	}
	if err := decode(data, &line); err != nil || line.Result == nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	r := line.Result
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "persons\t%d\n", r.Persons)
	fmt.Fprintf(table, "deleted at once\t%s\n", effectText(r.AtOnce))
	fmt.Fprintf(table, "deleted earlier\t%s\n", effectText(r.Earlier))
	fmt.Fprintf(table, "kept longer\t%s\n", effectText(r.Kept))
	if r.FirstDay != "" {
		fmt.Fprintf(table, "first day that cannot be undone\t%s\n", r.FirstDay)
	}
	for _, m := range r.Months {
		fmt.Fprintf(table, "%s\tearlier: %s; kept: %s\n", m.Month, effectText(m.Earlier), effectText(m.Kept))
	}
	for _, u := range r.Uses {
		fmt.Fprintf(table, "may receive %s by %s\t%d persons now, %d then\n", u.Purpose, u.Channel, u.Now, u.Next)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(
		out,
		"\nData without a name and an address, such as the proof of consent, do not count.\n"+
			"Nothing was changed. Put the change into force in the console (Rules), or in your policy file (revision %s).\n",
		r.Revision,
	)
	return err
}
