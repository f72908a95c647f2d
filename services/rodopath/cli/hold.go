package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) hold() *cobra.Command {
	var reason string
	var limitation bool
	cmd := &cobra.Command{
		Use:   "hold PERSON [RECORD]",
		Short: "Place a legal hold: stop the deletion of a record, or of all records of a person",
		Long: `Place a legal hold on a record, or on all records of a person, because of a dispute, a claim
or an inspection. A legal hold never prolongs marketing, and restores no deleted data.`,
		Example: "  rodopath hold ala@example.com woocommerce:order/17@shop --reason chargeback",
		Args:    args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.holdOr(
				cmd,
				"/v1/holds",
				given,
				map[string]any{"reason": reason, "limitation": limitation},
				"The hold is recorded.",
			)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, or the reference of an authority")
	cmd.Flags().
		BoolVar(&limitation, "limitation", false, "the hold suspends the limitation of a tax (Ordynacja podatkowa art. 70 § 2-8)")
	return cmd
}

func (s *shared) release() *cobra.Command {
	return &cobra.Command{
		Use:   "release PERSON [RECORD]",
		Short: "End a legal hold: data whose retention period is over are deleted at once",
		Args:  args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.holdOr(cmd, "/v1/holds/release", given, map[string]any{}, "The release is recorded.")
		},
	}
}

func (s *shared) holds() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "holds",
		Short: "List the legal holds in force",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				found := false
				err := c.Lines(cmd.Context(), "/v1/holds", func(line []byte) error {
					found = true
					if asJSON {
						_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
						return err
					}
					return writeHold(cmd.OutOrStdout(), line)
				})
				if err == nil && !found && !asJSON {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), "No hold is in force.")
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one hold per line")
	return cmd
}

func writeHold(out io.Writer, line []byte) error {
	var h struct {
		Subject string    `json:"subject"`
		Person  []string  `json:"person"`
		Record  string    `json:"record"`
		Since   time.Time `json:"since"`
		Reason  string    `json:"reason"`
	}
	if err := decode(line, &h); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	_, err := fmt.Fprintf(
		out,
		"%s  %s  %s  %s\n",
		h.Since.Format(time.DateOnly),
		who(h.Person, h.Subject),
		cmp.Or(h.Record, "all records"),
		h.Reason,
	)
	return err
}

// who names a person in a list: by known names, or by the subject.
func who(names []string, subject string) string {
	if len(names) == 0 {
		return "subject:" + subject
	}
	return strings.Join(names, ", ")
}

func (s *shared) holdOr(cmd *cobra.Command, path string, given []string, question map[string]any, done string) error {
	question["person"] = given[0]
	if len(given) == 2 {
		question["record"] = given[1]
	}
	return s.ask(cmd.Context(), func(c *client.Client) error {
		data, err := c.Ask(cmd.Context(), path, question, "")
		if err != nil {
			return err
		}
		var answer struct {
			Alarms []string `json:"alarms"`
		}
		if err := decode(data, &answer); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		fmt.Fprintln(cmd.OutOrStdout(), done)
		for _, alarm := range answer.Alarms {
			fmt.Fprintln(cmd.OutOrStdout(), "Alarm:", alarm)
		}
		return nil
	})
}
