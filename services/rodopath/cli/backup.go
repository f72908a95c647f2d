package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/backup"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) backup() *cobra.Command {
	var withKeys, asJSON bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy all data into one file; the server may run meanwhile",
		Long: `Copy the data of this installation into one file (tar.gz): the database, the streams,
the intake log, the configuration, the policy and the secrets. The file contains every webhook
that was answered 200 before the start of the backup. A running server continues. During the
backup, the disk of the data directory needs free space for a second copy, and for its largest
file once more, compressed.

The keys (keys.json) are not in the file, and everything in the file is sealed with the keys,
the secrets and the messages of the streams too. Only the manifest is readable: names of files,
numbers and times, and the place of the keys. Without the keys nothing can be restored, so keep
the keys in another place than the backups. With --with-keys the file contains the keys and
nothing is sealed: then the file alone gives access to all data, and its name must contain
"with-keys".

An existing FILE is replaced after the new backup is complete and verified.`,
		Example: "  rodopath backup /backups/rodopath-$(date +%F).tar.gz\n  rodopath backup --with-keys /safe/rodopath-with-keys.tar.gz\n  cp data/keys.json /somewhere-else/   # after the first start, and after every key rotation",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if withKeys && !backup.NameSaysKeys(given[0]) {
				return fmt.Errorf(
					"%w: a backup with the keys alone gives access to all data, so its name must say so; choose a name that contains \"with-keys\", such as rodopath-with-keys.tar.gz",
					errUsage,
				)
			}
			var made *made
			err := s.ask(cmd.Context(), func(c *client.Client) (err error) {
				made, err = makeBackup(cmd.Context(), c, given[0], withKeys, cmd.ErrOrStderr())
				return err
			})
			if made == nil {
				return err
			}
			return errors.Join(writeMade(cmd.OutOrStdout(), made, asJSON), err)
		},
	}
	cmd.Flags().BoolVar(&withKeys, "with-keys", false, "include the keys: the file alone then gives access to all data")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// made is a backup that was made.
type made struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	*backup.Manifest
}

// makeBackup writes a backup to a file, under its final name once complete.
func makeBackup(ctx context.Context, c *client.Client, path string, withKeys bool, progress io.Writer) (*made, error) {
	question := "/v1/backup"
	if withKeys {
		question += "?keys=1"
	}
	part := path + ".part"
	m, err := download(ctx, c, question, part, progress)
	if err == nil {
		m.Manifest, err = verify(part)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		if gone := os.Remove(part); gone != nil && !os.IsNotExist(gone) {
			err = errors.Join(err, gone)
		}
		return nil, err
	}
	m.File = path
	return m, nil
}

// verify verifies a backup and, with the keys on this machine, that the keys open the backup.
func verify(path string) (*backup.Manifest, error) {
	m, err := backup.Verify(path, nil)
	if err != nil || m.Keys == "" {
		return m, err
	}
	text, err := os.ReadFile(m.Keys)
	if err != nil {
		return nil, fmt.Errorf("verify backup: %w", err)
	}
	keys, err := identity.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("verify backup: %w", err)
	}
	vault, err := identity.NewVault(keys)
	if err != nil {
		return nil, fmt.Errorf("verify backup: %w", err)
	}
	return backup.Verify(path, vault)
}

func download(ctx context.Context, c *client.Client, question, part string, progress io.Writer) (m *made, err error) {
	if err := os.Remove(part); err != nil && !os.IsNotExist(err) { // one that broke off, perhaps with another mode
		return nil, err
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var got atomic.Int64
	defer tellProgress(progress, &got)()
	in, err := c.Download(ctx, question)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum, counter{&got}), in)
	if err != nil {
		return nil, fmt.Errorf(
			"the backup failed and left no file; the log of the server has the reason; then run the command again: %w",
			err,
		)
	}
	return &made{Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, f.Sync()
}

// counter counts written bytes.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// progressEvery is the interval of progress reports.
const progressEvery = 3 * time.Second

// tellProgress reports the progress of a copy until the returned function is called.
func tellProgress(out io.Writer, got *atomic.Int64) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			if n := got.Load(); n > 0 {
				fmt.Fprintf(out, "backup: %d MiB written\n", n>>20)
			} else {
				fmt.Fprintln(out, "backup: the server copies its data")
			}
		}
	}()
	return func() { close(end); <-ended }
}

func writeMade(out io.Writer, m *made, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(m)
	}
	fmt.Fprintf(
		out,
		"%s holds %s, as of %s (%d bytes).\nSHA-256 %s\n",
		m.File,
		contents(m.Manifest),
		m.Created.Format(time.RFC3339),
		m.Bytes,
		m.SHA256,
	)
	if m.StoreElsewhere {
		fmt.Fprintln(
			out,
			"The database is in MongoDB (mongodb.uri) and not in this file; copy the database too, after this backup.",
		)
	}
	if m.StreamsElsewhere {
		fmt.Fprintln(
			out,
			"The streams are in NATS (nats.url) and not in this file; copy the streams with \"nats stream backup\".",
		)
	}
	if len(m.Elsewhere) > 0 {
		fmt.Fprintf(
			out,
			"The configuration names files that are not in the backup; copy these files too: %s\n",
			display.Line(strings.Join(m.Elsewhere, ", ")),
		)
	}
	switch {
	case m.WithKeys:
		fmt.Fprintln(out, "The file holds the keys and gives access to all data.")
	case m.Keys == "":
		fmt.Fprintln(
			out,
			"The keys are not in the file, and the file is sealed with the keys: keep a copy of the configured keys in another place.",
		)
	default:
		fmt.Fprintf(
			out,
			"The keys are not in the file, and the file is sealed with the keys and useless without: keep a copy of %s in another place.\n",
			m.Keys,
		)
	}
	return nil
}

// contents summarises a backup.
func contents(m *backup.Manifest) string {
	parts := []string{fmt.Sprintf("persons: %d", m.Persons), fmt.Sprintf("in the intake log: %d", m.Intake)}
	for _, name := range slices.Sorted(maps.Keys(m.Messages)) {
		parts = append(parts, fmt.Sprintf("%s: %d", name, m.Messages[name]))
	}
	return display.Line(strings.Join(parts, ", "))
}
