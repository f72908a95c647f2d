package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/rodopath/internal/client"
	"github.com/rodopath/rodopath/services/rodopath/internal/datadir"
)

func (s *shared) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make new keys that hash and seal the names of persons, or replace them",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := lifecycleapp.NewKeys()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", keys)
			return err
		},
	}
	cmd.AddCommand(s.rotate(), s.pruneKeys(), s.rotateStored())
	return cmd
}

func (s *shared) rotate() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the keys that hash and seal names, and hash and seal everything stored anew",
		Long: `Replace the keys that hash and seal names. The server must be stopped. New keys are put into
keys.json, everything stored is hashed and sealed anew, and the old sealing key is thrown
away. When it breaks off, run it again. Copy keys.json anew to where you keep it; backups
from before need the keys from before.

The old hash key stays in the file, for the new one stands on it: what was hashed with the
old is hashed again with the new, also where the name is gone. Who has seen the old keys alone
can tell nobody in the database from then on, but for decisions that were sent before. The
streams of the built-in NATS stay encrypted as they were.
Certificates are signed with a new key: publish what "certificate key" prints, anew.

With --file the keys in a file are replaced, and no more, for a cluster: stop all copies of
lifecycle (webhooks wait in the stream), give them that file and start them; run "keys reseal",
then "keys prune --file FILE --resealed", and give them what is left.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file != "" {
				return rotateFile(cmd.OutOrStdout(), file)
			}
			path, err := s.whileStopped(lifecycleapp.RotateKeys)
			if err != nil {
				return err
			}
			if err := s.rotateAllStored(cmd, false); err != nil {
				return err
			}
			if _, err := s.whileStopped(lifecycleapp.PruneKeys); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Done. Copy %s anew to where you keep it, and keep the old copy as long as backups from before.\n", path)
			return err
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "put new keys into this file, and do no more")
	return cmd
}

// rotateFile replaces the keys in a file that is no data directory's.
func rotateFile(out io.Writer, file string) error {
	if err := lifecycleapp.LooseKeys(file); err != nil {
		return err
	}
	if err := lifecycleapp.RotateKeys(file); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "New keys are in %s. Stop all copies of lifecycle, give them the file and start them; then run \"keys reseal\" until it is done, and \"keys prune\".\n", file)
	return err
}

func (s *shared) pruneKeys() *cobra.Command {
	var file string
	var resealed bool
	cmd := &cobra.Command{
		Use:   "prune --file FILE --resealed",
		Short: "End a rotation in a file of keys, once everything stored is hashed and sealed with the newest",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return fmt.Errorf("%w: name the file with --file", errUsage)
			}
			if !resealed {
				return fmt.Errorf("%w: say with --resealed that \"keys reseal\" said how many persons it looked at: what is still hashed and sealed with the old keys is lost", errUsage)
			}
			if err := lifecycleapp.LooseKeys(file); err != nil {
				return err
			}
			return lifecycleapp.PruneKeys(file)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the file with the keys")
	cmd.Flags().BoolVar(&resealed, "resealed", false, "everything stored is hashed and sealed with the newest keys")
	return cmd
}

func (s *shared) rotateStored() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Hash and seal everything stored with the newest keys",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return s.rotateAllStored(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one batch a line")
	return cmd
}

// whileStopped changes the keys of the data directory under its lock, without a running server, and
// returns their path.
func (s *shared) whileStopped(change func(path string) error) (path string, err error) {
	path = filepath.Join(s.data, "keys.json")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("rotate keys: %w; put it back from your backup, or, with keys from the configuration, use --file", err)
	}
	h, err := datadir.Open(s.data)
	if err != nil {
		return "", err
	}
	if err := h.Claim(); errors.Is(err, datadir.ErrInUse) {
		return "", fmt.Errorf("rotate keys: %w; stop it first, it has the old keys in its memory", err)
	} else if err != nil {
		return "", err
	}
	return path, errors.Join(change(path), h.Release())
}

// errLeft means that not everything is hashed and sealed with the newest keys.
var errLeft = errors.New("not everything is hashed and sealed with the new keys yet; run it again, it goes on where it broke off. No key was thrown away")

func (s *shared) rotateAllStored(cmd *cobra.Command, asJSON bool) error {
	done := false
	err := s.ask(cmd.Context(), func(c *client.Client) error {
		return c.AskLines(cmd.Context(), "/v1/keys/reseal", struct{}{}, func(line []byte) error {
			end, err := writeRotated(cmd.OutOrStdout(), line, asJSON)
			done = done || end
			return err
		})
	})
	if err == nil && !done {
		err = errLeft
	}
	return err
}

// writeRotated writes the progress, and reports whether the rotation is complete.
func writeRotated(out io.Writer, line []byte, asJSON bool) (done bool, err error) {
	var p struct {
		Walked, Resealed, Left int
		Done                   bool
	}
	if err := json.Unmarshal(line, &p); err != nil {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	if asJSON {
		_, err = fmt.Fprintf(out, "%s\n", line)
		return p.Done, err
	}
	if p.Done {
		_, err = fmt.Fprintf(out, "%d persons looked at, %d hashed and sealed anew.\n", p.Walked, p.Resealed)
	} else {
		_, err = fmt.Fprintf(out, "%d hashed and sealed anew so far\n", p.Resealed)
	}
	return p.Done, err
}
