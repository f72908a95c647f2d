package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// sources lists the platforms with the history that is known of each.
func (s *shared) sources() *cobra.Command {
	var asJSON bool
	at := &cluster{}
	cmd := &cobra.Command{
		Use:   "sources",
		Short: "List the sources: history, webhooks, what was missed and what is wrong",
		Long: `List the sources: how far back it is known what happened at each, when the last webhook arrived, how many were
refused, what no webhook told and a comparison with the platform found, and what is wrong with the set-up. A deletion at
a platform rests only on what is known: while the history of one is missing, such deletions wait.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/sources", "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeSources(dayZone(cmd.Context(), c)))
			})
		},
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	at.addFlags(cmd)
	cmd.AddCommand(s.covered(&asJSON, at), s.setup(&asJSON, at), s.enable(&asJSON, at))
	return cmd
}

// covered states that the history of a source is known.
func (s *shared) covered(asJSON *bool, at *cluster) *cobra.Command {
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
			from, err := parseMoment(since)
			if err != nil {
				return err
			}
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				order := map[string]any{"source": given[0]}
				if from != nil {
					order["from"] = *from
				}
				if _, err := c.Ask(cmd.Context(), "/v1/coverage", order, ""); err != nil {
					return err
				}
				data, err := c.Get(cmd.Context(), "/v1/sources", "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, *asJSON, writeSources(dayZone(cmd.Context(), c)))
			})
		},
	}
	cmd.Flags().
		StringVar(&since, "since", "", "day in the zone of the policy, or instant, from which on everything is known (default: since the beginning)")
	return cmd
}

// writeSources prints the sources with days of a zone, and below what is wrong with each.
func writeSources(zone *time.Location) func(out io.Writer, data []byte) error {
	return func(out io.Writer, data []byte) error { return writeSourcesIn(out, data, zone) }
}

func writeSourcesIn(out io.Writer, data []byte, zone *time.Location) error {
	var l source.Overview
	if err := decode(data, &l); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(l.Sources) == 0 {
		_, err := fmt.Fprintln(out, "No source is configured: list them under \"sources\" in the configuration.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tHISTORY\tKNOWN BY\tLAST WEBHOOK\tREFUSED\tCOMPARED\tMISSED AND FOUND")
	for i := range l.Sources {
		s := &l.Sources[i]
		history, how := historyOf(s, zone)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", s.Source, history, how, moment(s.Webhooks.Last),
			s.Webhooks.Refused, compared(s), missed(s, zone))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	var missing []string
	for i := range l.Sources {
		s := &l.Sources[i]
		writeFaults(&b, s)
		if s.History != nil && !s.History.Covered {
			missing = append(missing, s.Source)
		}
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return writeUncovered(out, missing)
}

// historyOf says how far back the history of a source is known, and by what. A system of the controller's own sends all
// of its history itself.
func historyOf(s *source.Source, zone *time.Location) (history, how string) {
	switch h := s.History; {
	case h == nil:
		return "-", "-"
	case h.From != nil:
		return "known since " + h.From.In(zone).Format(time.DateOnly), string(h.How)
	case h.Covered:
		return "known", string(h.How)
	}
	return "missing", ""
}

// compared says when a source was last compared with its platform.
func compared(s *source.Source) string {
	switch r := s.Reconciliation; {
	case r == nil && s.History == nil:
		return "-"
	case r == nil:
		return "never (no read)"
	case r.Error != "":
		return "failed"
	case r.Running:
		return "running"
	default:
		return moment(r.Done)
	}
}

// missed says how many facts no webhook told, and of when the events are.
func missed(s *source.Source, zone *time.Location) string {
	m := &s.Missed
	if m.Facts == 0 || m.First == nil || m.Last == nil {
		return strconv.FormatInt(m.Facts, 10)
	}
	return fmt.Sprintf("%d facts of %s to %s", m.Facts, m.First.In(zone).Format(time.DateOnly),
		m.Last.In(zone).Format(time.DateOnly))
}

// moment is a time for a person; "never" for none.
func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// writeFaults prints what is wrong with a source.
func writeFaults(b *strings.Builder, s *source.Source) {
	for _, f := range s.Faults {
		fmt.Fprintf(b, "\n%s, since %s: %s\n", s.Source, moment(&f.Since), display.Line(f.Text))
	}
	r := s.Reconciliation
	if r == nil {
		return
	}
	if r.Error != "" {
		fmt.Fprintf(b, "\n%s cannot be compared with its platform since %s: %s\n", s.Source, moment(r.Failed),
			display.Line(r.Error))
	}
	if r.CheckError != "" {
		fmt.Fprintf(b, "\nThe webhooks of %s at the platform cannot be read: %s\n", s.Source, display.Line(r.CheckError))
	}
}
