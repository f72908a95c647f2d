package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// unfinishedRecord is a paid record without a reported performance, as the server reports.
type unfinishedRecord struct {
	Subject string    `json:"subject"`
	Person  []string  `json:"person"`
	Record  string    `json:"record"`
	Source  string    `json:"source"`
	Sold    time.Time `json:"sold"`
}

func (s *shared) unfinished() *cobra.Command {
	var days int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "unfinished",
		Short: "List the orders that were paid long ago and never completed",
		Long: `List the orders that were paid and are not completed. The contract of such an order has no end, so
its data stay: complete or cancel the order in the shop.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				found := false
				err := c.Lines(cmd.Context(), "/v1/unfinished", func(line []byte) error {
					var u unfinishedRecord
					if err := decode(line, &u); err != nil {
						return fmt.Errorf("read the answer: %w", err)
					}
					if time.Since(u.Sold) < time.Duration(days)*24*time.Hour {
						return nil
					}
					if asJSON {
						_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
						return err
					}
					if !found {
						fmt.Fprintln(table, "PAID\tORDER\tPERSON")
					}
					found = true
					_, err := fmt.Fprintf(table, "%s\t%s\t%s\n", u.Sold.Format(time.DateOnly), u.Record, who(u.Person, u.Subject))
					return err
				})
				if err != nil || asJSON {
					return err
				}
				if !found {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "No order waits for its completion for %d days.\n", days)
					return err
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().IntVar(&days, "days", 180, "list orders that were paid at least this many days ago")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one order per line")
	return cmd
}
