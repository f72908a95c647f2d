package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/demo"
)

func (s *shared) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Send the webhooks of an invented business, and show the decisions that follow",
		Long: `Send the webhooks of an invented business from 2019 to today, signed by the schemes of
the platforms, and show the decisions that follow. The webhooks go to the server of the
data directory, or to one that runs for the duration of the demo.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := datadir.Open(s.data); err != nil {
				return err
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				return demo.Run(cmd.Context(), demo.Options{
					Client: c, Out: cmd.OutOrStdout(), Describe: describe, Explain: brief, Now: time.Now(),
				})
			})
		},
	}
}
