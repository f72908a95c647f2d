package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// sources lists the platforms with the history that is known of each.
func (s *shared) sources() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sources",
		Short: "List the platforms, and how far back it is known what happened at each",
		Long: `List the platforms, and how far back it is known what happened at each. A deletion at a platform rests
only on what is
known: while the history of one is missing, such deletions wait.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/live", "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeSources)
			})
		},
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(s.covered(&asJSON))
	return cmd
}

// covered states that the history of a source is known.
func (s *shared) covered(asJSON *bool) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "covered SOURCE",
		Short: "State that nothing of the history of a platform is missing",
		Long: `State that nothing of the history of a platform is missing, because the shop began with the
installation, or because
all earlier facts were sent. The statement is logged, and deletions at platforms rest on it.`,
		Example: "  rodopath sources covered shop --since 2019-01-01",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			from, err := parseInstant(since)
			if err != nil {
				return err
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				order := map[string]any{"source": given[0]}
				if from != nil {
					order["from"] = from.Format(time.RFC3339)
				}
				data, err := c.Ask(cmd.Context(), "/v1/coverage", order, "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, *asJSON, writeSources)
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "from when on everything is known (default: since the beginning)")
	return cmd
}

func writeSources(out io.Writer, data []byte) error {
	var l live.Overview
	if err := decode(data, &l); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(l.Sources) == 0 {
		_, err := fmt.Fprintln(out, "No platform is configured: list them under \"sources\" in the configuration.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tHISTORY\tKNOWN BY")
	for _, s := range l.Sources {
		history := "missing"
		switch {
		case s.From != nil:
			history = "known since " + s.From.Format(time.DateOnly)
		case s.Covered:
			history = "known"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Source, history, s.How)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return writeUncovered(out, &l)
}
