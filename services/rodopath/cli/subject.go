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

func (s *shared) subject() *cobra.Command {
	cmd := s.aboutPerson(
		"subject PERSON",
		"Show the id, the names and the next review of a person",
		"/v1/subjects",
		writeSubject,
	)
	cmd.AddCommand(s.splitSubject(), s.joinSubjects())
	return cmd
}

func (s *shared) splitSubject() *cobra.Command {
	var names []string
	cmd := &cobra.Command{
		Use:   "split PERSON --names NAME,…",
		Short: "Part two persons who were taken for one",
		Long: `Part some names of a person, with their facts, consents and records, into a person of their
own. Both persons are evaluated anew, and the parting is an entry of both journals. No later event
of a platform joins the two again; "rodopath subject join" does.`,
		Example: "  rodopath subject split ala@example.com --names ola@example.com,woocommerce:5@shop",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(names) == 0 {
				return fmt.Errorf("%w: list the names of the other person with --names", errUsage)
			}
			return s.order(cmd, "/v1/subjects/split", map[string]any{"person": given[0], "names": names},
				func(a order) string { return "The names now belong to subject:" + a.Parted + "." })
		},
	}
	cmd.Flags().StringSliceVar(&names, "names", nil, "the names of the other person, separated by commas")
	return cmd
}

func (s *shared) joinSubjects() *cobra.Command {
	return &cobra.Command{
		Use:     "join PERSON OTHER",
		Short:   "Make one person of two",
		Example: "  rodopath subject join ala@example.com ola@example.com",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.order(cmd, "/v1/subjects/join", map[string]any{"persons": given},
				func(a order) string { return "Both are subject:" + a.Subject + " now." })
		},
	}
}

// order is the answer to an order about subjects.
type order struct {
	Subject string `json:"subject"`
	Parted  string `json:"parted"`
}

// order sends an order about subjects and prints the confirmation.
func (s *shared) order(cmd *cobra.Command, path string, question map[string]any, confirm func(order) string) error {
	return s.ask(cmd.Context(), func(c *client.Client) error {
		data, err := c.Ask(cmd.Context(), path, question, "")
		if err != nil {
			return err
		}
		var a order
		if err := decode(data, &a); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), confirm(a))
		return err
	})
}

func (s *shared) bases() *cobra.Command {
	return s.aboutPerson(
		"bases PERSON",
		"List all legal bases of a person, past and future ones included",
		"/v1/bases",
		writeBases,
	)
}

// aboutPerson is a command that asks one question about a person.
func (s *shared) aboutPerson(use, short, path string, write func(io.Writer, []byte) error) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Ask(cmd.Context(), path, map[string]any{"person": given[0]}, "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, write)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeSubject(out io.Writer, data []byte) error {
	var a struct {
		Subject    string     `json:"subject"`
		Person     []string   `json:"person"`
		Known      bool       `json:"known"`
		Facts      int        `json:"facts"`
		ReviewAt   *time.Time `json:"review_at"`
		RequestDue *time.Time `json:"request_due"`
		Absorbed   []string   `json:"absorbed"`
	}
	if err := decode(data, &a); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "subject\t%s\nnames\t%s\nfacts\t%d\n", a.Subject, strings.Join(a.Person, ", "), a.Facts)
	if !a.Known {
		fmt.Fprintln(table, "held\tnothing personal")
	}
	if len(a.Absorbed) > 0 {
		fmt.Fprintf(table, "before\t%s\n", strings.Join(a.Absorbed, ", "))
	}
	if a.ReviewAt != nil {
		fmt.Fprintf(table, "next change\t%s\n", a.ReviewAt.Format(minute))
	}
	if a.RequestDue != nil {
		fmt.Fprintf(table, "answer before\t%s\n", a.RequestDue.Format(minute))
	}
	return table.Flush()
}

func writeBases(out io.Writer, data []byte) error {
	var a struct {
		Bases []struct {
			Rule    string     `json:"rule"`
			Purpose string     `json:"purpose"`
			Article string     `json:"article"`
			Ref     string     `json:"ref"`
			Channel string     `json:"channel"`
			Since   time.Time  `json:"since"`
			Until   *time.Time `json:"until"`
		} `json:"bases"`
	}
	if err := decode(data, &a); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SINCE\tRETENTION END\tPURPOSE\tARTICLE\tRULE\tOF")
	for _, b := range a.Bases {
		lapses := "no end known"
		if b.Until != nil {
			lapses = b.Until.Format(minute)
		}
		fmt.Fprintf(
			table,
			"%s\t%s\t%s\t%s\t%s\t%s\n",
			b.Since.Format(minute),
			lapses,
			b.Purpose,
			b.Article,
			b.Rule,
			b.Ref+b.Channel,
		)
	}
	return table.Flush()
}
