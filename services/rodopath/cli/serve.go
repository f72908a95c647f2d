package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

func (s *shared) serve() *cobra.Command {
	var listen, natsListen, approve string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: receive webhooks and publish decisions",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := datadir.Open(s.data)
			if err != nil {
				return err
			}
			log := slog.New(service.Discreet(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
			n, err := standalone.Start(cmd.Context(), standalone.Options{
				Home: h, ConfigPath: s.config, Listen: listen, NATSListen: natsListen, Approve: approve, DryRun: dryRun, Log: log,
			})
			if err != nil {
				return err
			}
			go service.BalanceCollector(cmd.Context())
			welcome(cmd.OutOrStdout(), h, n)
			return run(cmd.Context(), cmd.OutOrStdout(), n)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "address for webhooks (default 127.0.0.1:8080)")
	cmd.Flags().
		StringVar(&natsListen, "nats-listen", "", "address for consumers on NATS, such as 127.0.0.1:4222 (default off)")
	cmd.Flags().
		StringVar(&approve, "approve", "", "approve the revision of a new policy that deletes data of more than the configured share of persons")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "log the calls to recipients and make none")
	return cmd
}

// run waits for the end.
func run(ctx context.Context, out io.Writer, n *standalone.Server) error {
	err := n.Wait(ctx)
	fmt.Fprintln(out, "\nStopping; received webhooks are kept.")
	return errors.Join(err, n.Close())
}

func welcome(out io.Writer, h *datadir.Dir, n *standalone.Server) {
	if n.FirstStart {
		fmt.Fprintf(out, "First start: created %s, with secrets in %s/secrets.\n", h.ConfigPath(), h.Path())
	}
	fmt.Fprint(out, "Rodopath is running. Addresses for webhooks:\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, src := range n.Config.Sources {
		fmt.Fprintf(table, "  %s\t%s\t%s/webhooks/%s\n", src.ID, src.Platform, n.Control.Webhooks, src.ID)
	}
	_ = table.Flush() // a closed terminal is no error
	if n.ConsumerURL != "" {
		fmt.Fprintf(out, "\n%s holds the address for consumers on NATS.\n", h.ConsumerURLPath())
	}
	fmt.Fprintf(
		out,
		"\nConsole (this address works once, for 10 minutes; \"login\" prints another):\n\n  %s\n",
		n.ConsoleURL(),
	)
	fmt.Fprintf(out, `
Next steps:
  run the demo           %[1]s demo
  connect a shop         README, "Connect a shop"
  follow the decisions   %[1]s events --follow
  explain a person       %[1]s explain ala@example.com
  check the policy       %[1]s policy check

Data directory: %[2]s. Ctrl-C stops the server.
`, os.Args[0], h.Path())
}
