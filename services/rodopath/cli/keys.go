package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

func (s *shared) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Create the keys that hash and seal the names of persons, or replace them",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := identity.NewKeysJSON()
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
	var yes bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the keys, and hash and seal all stored data with the new keys",
		Long: `Replace the keys that hash and seal names. The server must be stopped. The command writes new
keys to keys.json, hashes and seals all stored data with the new keys, and removes the old
sealing key. After an interruption, run the command again. Keep a copy of the new keys.json in a
safe place, and the earlier keys as long as the earlier backups.

The old hash key stays in the file, because the new hashes are computed from the old hashes, so
that data whose names are erased can be hashed again too. After the rotation the old keys alone
identify no person in the database, except in decisions that were published before. The streams
of the embedded NATS keep their encryption.
Certificates are signed with a new key: publish the output of "certificate key" again.

With --file the command only replaces the keys in a file, for a cluster: stop all replicas of
lifecycle (webhooks wait in the stream), give the file to all replicas and start them. Run "keys
reseal", then "keys prune --file FILE --resealed", and give the pruned file to all replicas.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := confirmRotate(cmd, cmp.Or(file, filepath.Join(s.data, identity.KeysFile)), yes); err != nil {
				return err
			}
			if file != "" {
				return rotateFile(cmd.OutOrStdout(), file)
			}
			path, err := s.whileStopped(identity.RotateFile)
			if err != nil {
				return err
			}
			if err := s.rotateAllStored(cmd, false); err != nil {
				return err
			}
			if _, err := s.whileStopped(identity.PruneFile); err != nil {
				return err
			}
			_, err = fmt.Fprintf(
				cmd.OutOrStdout(),
				"Done. Copy the new %s to its safe place, and keep the old copy as long as earlier backups.\n",
				path,
			)
			return err
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "write new keys to this file, and nothing else")
	addYes(cmd, &yes)
	return cmd
}

// confirmRotate says what a rotation does, and asks.
func confirmRotate(cmd *cobra.Command, path string, yes bool) error {
	if yes {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(),
		"The keys in %s are replaced, and all stored data are hashed and sealed anew. Afterwards a copy of the keys\n"+
			"from before opens earlier backups alone, and the server must not run meanwhile.\n", display.Line(path))
	return confirm(cmd, false, "Replace the keys?")
}

// rotateFile replaces the keys in a file that is no data directory's.
func rotateFile(out io.Writer, file string) error {
	if err := identity.CheckLoose(file); err != nil {
		return err
	}
	if err := identity.RotateFile(file); err != nil {
		return err
	}
	_, err := fmt.Fprintf(
		out,
		"%s holds new keys. Stop all replicas of lifecycle, give them the file and start them; then run \"keys reseal\" until complete, and \"keys prune\".\n",
		file,
	)
	return err
}

func (s *shared) pruneKeys() *cobra.Command {
	var file string
	var resealed bool
	cmd := &cobra.Command{
		Use:   "prune --file FILE --resealed",
		Short: "Complete a rotation: remove the old keys from a file, once all stored data use the newest keys",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return fmt.Errorf("%w: name the file with --file", errUsage)
			}
			if !resealed {
				return fmt.Errorf(
					"%w: confirm with --resealed that \"keys reseal\" is complete: data under the old keys become unreadable",
					errUsage,
				)
			}
			if err := identity.CheckLoose(file); err != nil {
				return err
			}
			return identity.PruneFile(file)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the file with the keys")
	cmd.Flags().BoolVar(&resealed, "resealed", false, "confirm that all stored data use the newest keys")
	return cmd
}

func (s *shared) rotateStored() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Hash and seal all stored data with the newest keys",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return s.rotateAllStored(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one batch per line")
	return cmd
}

// whileStopped changes the keys of the data directory under its lock, without a running server, and
// returns their path.
func (s *shared) whileStopped(change func(path string) error) (path string, err error) {
	path = filepath.Join(s.data, "keys.json")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("rotate keys: %w; restore the file from your copy, or, with configured keys, use --file", err)
	}
	h, err := datadir.Open(s.data)
	if err != nil {
		return "", err
	}
	if err := h.Claim(); errors.Is(err, datadir.ErrInUse) {
		return "", fmt.Errorf("rotate keys: %w; stop the server first, because its memory holds the old keys", err)
	} else if err != nil {
		return "", err
	}
	return path, errors.Join(change(path), h.Release())
}

// errLeft means that not everything is hashed and sealed with the newest keys.
var errLeft = errors.New(
	"some stored data still use the old keys; run the command again to continue. No key was removed",
)

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
		_, err = fmt.Fprintf(out, "%d persons checked, %d hashed and sealed with the new keys.\n", p.Walked, p.Resealed)
	} else {
		_, err = fmt.Fprintf(out, "%d hashed and sealed with the new keys so far\n", p.Resealed)
	}
	return p.Done, err
}
