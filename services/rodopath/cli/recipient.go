package cli

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) recipients() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "recipients",
		Short: "List the recipients of decisions with their status",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/recipients", "")
				if err != nil {
					return err
				}
				warnObserving(cmd.Context(), c)
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeRecipients)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(&cobra.Command{
		Use:   "enable RECIPIENT",
		Short: "Enable a recipient that was disabled after the answer 410",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				if _, err := c.Ask(cmd.Context(), "/v1/recipients/"+url.PathEscape(given[0])+"/enable", nil, ""); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is enabled.\n", given[0])
				return err
			})
		},
	})
	return cmd
}

func writeRecipients(out io.Writer, data []byte) error {
	var list struct {
		Recipients []struct {
			ID        string     `json:"id"`
			By        string     `json:"by"`
			Takes     []string   `json:"takes"`
			State     string     `json:"state"`
			Since     *time.Time `json:"since"`
			Waiting   *int       `json:"waiting"`
			LastError string     `json:"last_error"`
			DryRun    bool       `json:"dry_run"`
		} `json:"recipients"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(list.Recipients) == 0 {
		_, err := fmt.Fprintln(
			out,
			"No recipient is configured: list the systems that hold personal data under \"recipients\" in the configuration.",
		)
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPIENT\tBY\tKINDS\tSTATE\tWAITING\tLAST ERROR")
	for _, r := range list.Recipients {
		state, waiting := r.State, ""
		if r.Since != nil {
			state += " since " + r.Since.Format(minute)
		}
		if r.DryRun {
			state += " (dry run)"
		}
		if r.Waiting != nil {
			waiting = strconv.Itoa(*r.Waiting)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.By, strings.Join(r.Takes, ", "), state, waiting, r.LastError)
	}
	return table.Flush()
}
