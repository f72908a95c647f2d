package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) journal() *cobra.Command {
	cmd := s.aboutPerson(
		"journal PERSON",
		"Print the journal of a person, or verify all journals",
		"/v1/journal",
		writeJournal,
	)
	cmd.Long = `Print the journal of a person: the decisions, with their times and policies. The journal is
pseudonymous, and is kept for the period that the policy states, also after the data of the
person were deleted. Each entry contains the hash of the entry before.`
	cmd.AddCommand(s.verifyJournal(), s.annualReport(), s.acts())
	return cmd
}

func writeJournal(out io.Writer, data []byte) error {
	var answer struct {
		Subject string `json:"subject"`
		Entries []struct {
			Seq      int64     `json:"seq"`
			At       time.Time `json:"at"`
			What     string    `json:"what"`
			Revision string    `json:"revision"`
			Items    []item    `json:"items"`
			Rules    []string  `json:"rules"`
			Text     string    `json:"text"`
			Hash     string    `json:"hash"`
		} `json:"entries"`
	}
	if err := decode(data, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "subject %s\n", answer.Subject)
	for _, e := range answer.Entries {
		var what []string
		for _, i := range e.Items {
			what = append(what, i.String())
		}
		if e.Text != "" {
			what = append(what, e.Text)
		}
		because := ""
		if len(e.Rules) > 0 {
			because = "because of " + strings.Join(e.Rules, ", ")
		}
		fmt.Fprintf(
			table,
			"%d\t%s\t%s\t%s\t%s\t%s\t%.12s\n",
			e.Seq,
			e.At.Format(minute),
			e.What,
			strings.Join(what, ", "),
			because,
			e.Revision,
			e.Hash,
		)
	}
	return table.Flush()
}

func (s *shared) verifyJournal() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no journal entry was changed, removed or inserted",
		Long: `Verify all journals. The exit code is 4 when an entry was changed. The digest covers the last entries
of all journals: keep the digest in another place, to prove later that no earlier entry was changed.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/journal/verify", "")
				if err != nil {
					return err
				}
				var report struct {
					Journals int    `json:"journals"`
					Entries  int    `json:"entries"`
					Digest   string `json:"digest"`
					Faults   []struct {
						Subject string `json:"subject"`
						Text    string `json:"text"`
					} `json:"faults"`
				}
				if err := decode(data, &report); err != nil {
					return fmt.Errorf("read the answer: %w", err)
				}
				out := cmd.OutOrStdout()
				if asJSON {
					_, err = out.Write(data)
				} else {
					for _, f := range report.Faults {
						fmt.Fprintf(out, "subject %s: %s\n", f.Subject, f.Text)
					}
					_, err = fmt.Fprintf(
						out,
						"%d journals, %d entries, %d faults\ndigest %s\n",
						report.Journals,
						report.Entries,
						len(report.Faults),
						report.Digest,
					)
				}
				if err == nil && len(report.Faults) > 0 {
					return errNo
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
