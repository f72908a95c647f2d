package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// cluster are the flags of a command that also works with the services of a cluster.
type cluster struct{ lifecycle, ingest, token string }

func (c *cluster) addFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.lifecycle, "lifecycle", "", "in a cluster: the address of lifecycle, such as http://127.0.0.1:8081")
	flags.StringVar(
		&c.ingest,
		"ingest",
		"",
		"in a cluster: the address of the metrics of ingest, such as http://127.0.0.1:9090",
	)
	flags.StringVar(&c.token, "token", "",
		"in a cluster: reference to a token of api.tokens with the scopes history, decisions and policy")
}

// askAnywhere runs a question against the server of the data directory, or against the services of a cluster.
func (s *shared) askAnywhere(ctx context.Context, at *cluster, question func(*client.Client) error) error {
	if *at == (cluster{}) {
		return s.ask(ctx, question)
	}
	if at.lifecycle == "" || at.ingest == "" || at.token == "" || s.config == "" {
		return fmt.Errorf("%w: a cluster needs all of --lifecycle, --ingest, --token and --config", errUsage)
	}
	conf, err := config.Load(s.config, os.Environ())
	if err != nil {
		return err
	}
	token, err := conf.Secret(at.token)
	if err != nil {
		return err
	}
	c, err := client.OpenCluster(client.Cluster{
		Lifecycle: at.lifecycle, Ingest: at.ingest, Token: token, Config: s.config,
	})
	if err != nil {
		return errors.Join(errUsage, err)
	}
	return question(c)
}
