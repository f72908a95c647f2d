package cli

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// effectOf is a number of persons with the items of their data.
type effectOf struct {
	Persons int            `json:"persons"`
	Items   map[string]int `json:"items"`
}

// String is such as "3 persons (invoice 4, order 4)".
func (e effectOf) String() string {
	if e.Persons == 0 {
		return "-"
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d persons", e.Persons)
	for i, category := range slices.Sorted(maps.Keys(e.Items)) {
		if sep := ", "; i == 0 {
			fmt.Fprintf(&out, " (%s %d", category, e.Items[category])
		} else {
			fmt.Fprintf(&out, "%s%s %d", sep, category, e.Items[category])
		}
	}
	out.WriteByte(')')
	return out.String()
}

// comparison is the result of a simulation.
type comparison struct {
	Revision string   `json:"revision"`
	Current  string   `json:"current"`
	Persons  int      `json:"persons"`
	AtOnce   effectOf `json:"at_once"`
	Earlier  effectOf `json:"earlier"`
	Kept     effectOf `json:"kept"`
	FirstDay string   `json:"first_day"`
	Months   []struct {
		Month   string   `json:"month"`
		Earlier effectOf `json:"earlier"`
		Kept    effectOf `json:"kept"`
	} `json:"months"`
	Uses []struct {
		Purpose string `json:"purpose"`
		Channel string `json:"channel"`
		Now     int    `json:"now"`
		Next    int    `json:"next"`
	} `json:"uses"`
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
	fmt.Fprintf(table, "deleted at once\t%s\n", r.AtOnce)
	fmt.Fprintf(table, "deleted earlier\t%s\n", r.Earlier)
	fmt.Fprintf(table, "kept longer\t%s\n", r.Kept)
	if r.FirstDay != "" {
		fmt.Fprintf(table, "first day that cannot be undone\t%s\n", r.FirstDay)
	}
	for _, m := range r.Months {
		fmt.Fprintf(table, "%s\tearlier: %s; kept: %s\n", m.Month, m.Earlier, m.Kept)
	}
	for _, u := range r.Uses {
		fmt.Fprintf(table, "may receive %s by %s\t%d persons now, %d then\n", u.Purpose, u.Channel, u.Now, u.Next)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(
		out,
		"\nNothing was changed. Put the change into force in the console (Rules), or in your policy file (revision %s).\n",
		r.Revision,
	)
	return err
}
