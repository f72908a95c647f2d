package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/demo"
)

func (s *shared) demo() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Send the webhooks of an invented business, and show the decisions that follow",
		Long: `Send the webhooks of an invented business from 2019 to today, signed by the schemes of
the platforms, and show the decisions that follow. The webhooks go to the server of the
data directory, or to one that runs for the duration of the demo.

The persons are registered as invented. The demo is refused while a recipient is notified, and go-live is refused until
"demo remove" removed the persons. With observe: false the demo needs --yes.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := datadir.Open(s.data); err != nil {
				return err
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				return demo.Run(cmd.Context(), demo.Options{
					Client: c, Out: cmd.OutOrStdout(), Describe: describe, Explain: brief, Now: time.Now(), DespiteLive: yes,
				})
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "with observe: false, let the invented persons reach the recipients")
	cmd.AddCommand(s.removeDemo())
	return cmd
}

// removeDemo removes the persons of the demo.
func (s *shared) removeDemo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Remove the invented persons of the demo, and nobody else",
		Long: `Remove the persons that the demo registered as invented, with their decisions. Their closed journals
stay. A person who has an address that the demo did not invent stays too.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Delete(cmd.Context(), "/v1/invented")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeRemoved)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeRemoved(out io.Writer, data []byte) error {
	var r struct{ Removed, Kept int }
	if err := decode(data, &r); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if _, err := fmt.Fprintf(out, "%d invented persons are removed.\n", r.Removed); err != nil || r.Kept == 0 {
		return err
	}
	_, err := fmt.Fprintf(out, "%d stay, because they have an address that the demo did not invent.\n", r.Kept)
	return err
}
