package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// login prints an address that signs a browser in to the console of the running server.
func (s *shared) login() *cobra.Command {
	return &cobra.Command{
		Use:   "login",
		Short: "Print an address that signs a browser in to the console once, within 10 minutes",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				if c.Own() {
					return fmt.Errorf("%w: no server runs for this data directory: start one with \"rodopath serve\"", errUsage)
				}
				data, err := c.Ask(cmd.Context(), "/v1/console/token", struct{}{}, "")
				if err != nil {
					return err
				}
				var answer struct {
					Path string `json:"path"`
				}
				if err := decode(data, &answer); err != nil {
					return fmt.Errorf("read the answer: %w", err)
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Control().API+answer.Path)
				return err
			})
		},
	}
}
