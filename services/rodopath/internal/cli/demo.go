package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/internal/client"
	"github.com/rodopath/rodopath/services/rodopath/internal/datadir"
	"github.com/rodopath/rodopath/services/rodopath/internal/demo"
)

func (s *shared) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Tell the story of a small business in webhooks, and show what follows",
		Long: `Send the webhooks of a small business from 2019 to today, signed as the platforms
sign them, and show the decisions as they come. They go to the server that runs
on the data directory; when none runs, one is started on a directory that is
thrown away afterwards.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, clean, err := s.stage()
			if err != nil {
				return err
			}
			defer clean()
			on := *s
			on.data = dir
			return on.ask(cmd.Context(), func(c *client.Client) error {
				return demo.Run(cmd.Context(), demo.Options{
					Client: c, Out: cmd.OutOrStdout(), Describe: describe, Explain: brief, Now: time.Now(),
				})
			})
		},
	}
}

// stage chooses the data directory of the demo.
func (s *shared) stage() (dir string, clean func(), err error) {
	if running(s.data) {
		return s.data, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "rodopath-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // best effort on a temporary directory
}

// running reports whether a server uses a data directory.
func running(dir string) bool {
	if _, err := os.Stat(dir); err != nil {
		return false
	}
	h, err := datadir.Open(dir)
	if err != nil {
		return false
	}
	if err := h.Claim(); err != nil {
		return true
	}
	return h.Release() != nil
}
