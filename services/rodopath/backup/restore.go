package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/jsm.go"

	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
)

// Restore makes a data directory of a backup.
type Restore struct {
	// File is the backup, Dir the directory that is made.
	File, Dir string
	// Keys is the file with the keys. Empty means the keys in Dir, or in the backup.
	Keys string
	// Tell receives the progress.
	Tell func(what string)
	Log  *slog.Logger
}

// ErrOccupied means that a directory already holds something.
var ErrOccupied = errors.New("the data directory is not empty")

// Run creates the directory, under its final name once complete.
func (r *Restore) Run(ctx context.Context) (*Manifest, error) {
	if err := r.vacant(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-restored-*")
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	m, err := r.fill(ctx, part)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err == nil {
		err = os.Rename(filepath.Join(part, dataPrefix), dir)
	}
	if gone := os.RemoveAll(part); err == nil {
		err = gone
	}
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return m, nil
}

// vacant refuses a directory that holds more than keys.
func (r *Restore) vacant() error {
	entries, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	for _, e := range entries {
		if e.Name() != identity.KeysFile {
			return fmt.Errorf(
				"restore: %w: %s; choose another with --data, or move the directory away",
				ErrOccupied,
				filepath.Join(r.Dir, e.Name()),
			)
		}
	}
	return nil
}

// fill puts everything into a directory: first the files, then the keys are tried, then
// the streams.
func (r *Restore) fill(ctx context.Context, part string) (*Manifest, error) {
	r.Tell("reading " + r.File)
	in := &reader{keys: r.vault, visit: func(name string, in io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return unpack(filepath.Join(part, filepath.FromSlash(name)), in)
	}}
	if err := in.read(r.File); err != nil {
		return nil, r.explained(err)
	}
	m, data := in.manifest, filepath.Join(part, dataPrefix)
	if err := r.keys(m, data); err != nil {
		return nil, err
	}
	if err := r.authenticate(in, data); err != nil {
		return nil, err
	}
	return m, r.streams(ctx, filepath.Join(part, streamPrefix), filepath.Join(data, streamsDir))
}

// keysFile is the file of the keys that were given with the backup.
func (r *Restore) keysFile() string { return cmp.Or(r.Keys, filepath.Join(r.Dir, identity.KeysFile)) }

// given returns the file of the keys that were given with the backup; empty for a backup that holds
// its keys, without any other.
func (r *Restore) given(m *Manifest) string {
	path := r.keysFile()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && m.WithKeys && r.Keys == "" {
		return ""
	}
	return path
}

// vault opens the keys that were given with the backup.
func (r *Restore) vault() (*identity.Vault, error) { return vaultOf(r.keysFile()) }

func vaultOf(path string) (*identity.Vault, error) {
	text, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	keys, err := identity.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the keys in %s: %w", path, err)
	}
	vault, err := identity.NewVault(keys)
	if err != nil {
		return nil, fmt.Errorf("the keys in %s: %w", path, err)
	}
	return vault, nil
}

func readKeys(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(
			"the backup holds no keys and there is no %s; name the file of keys with --keys: without the keys the backup cannot be read and no person can be found",
			path,
		)
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return text, nil
}

// explained says which keys are foreign.
func (r *Restore) explained(err error) error {
	if errors.Is(err, identity.ErrForeignKeys) {
		return foreign(r.keysFile())
	}
	return err
}

func foreign(from string) error {
	return fmt.Errorf(
		"the keys in %s are not those of this backup; name with --keys the copy of keys.json from the time of the backup (\"keys rotate\" replaces the keys)",
		from,
	)
}

// authenticate verifies the manifest with the keys that were given or, without any, with the keys in
// the backup, which proves only that the file is whole.
func (r *Restore) authenticate(in *reader, data string) error {
	if in.manifest.Format == oldestFormat {
		r.Tell(
			"warning: the backup has format 1, of an earlier version; its manifest is not authenticated, so nothing proves that the file was not changed",
		)
		return nil
	}
	vault, err := vaultOf(cmp.Or(r.given(in.manifest), filepath.Join(data, identity.KeysFile)))
	if err != nil {
		return err
	}
	return in.authenticate(vault)
}

func unpack(path string, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return create(path, in)
}

// keys installs and checks the keys. Keys elsewhere are checked at the start of the server; a file of
// keys that waits in the directory is kept.
func (r *Restore) keys(m *Manifest, data string) error {
	from := r.given(m)
	if m.Keys == "" {
		from = filepath.Join(r.Dir, identity.KeysFile)
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if from != "" {
		text, err := readKeys(from)
		if err != nil {
			return err
		}
		path := filepath.Join(data, identity.KeysFile)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	if m.Keys == "" {
		return nil
	}
	return checkKeys(data, cmp.Or(from, "the backup"))
}

// checkKeys checks that the installed keys belong to the database; from is the origin of the keys.
func checkKeys(data, from string) error {
	switch err := identity.CheckDataKeys(data); {
	case errors.Is(err, identity.ErrForeignKeys):
		return foreign(from)
	case err != nil:
		return fmt.Errorf("the keys in %s: %w", from, err)
	}
	return nil
}

// streams restores the snapshots by a temporary server.
func (r *Restore) streams(ctx context.Context, snapshots, dir string) (err error) {
	entries, err := os.ReadDir(snapshots)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	// In the clear: the first start of the installation encrypts the streams with its keys.
	server, err := natsserver.Start(natsserver.Options{Dir: dir, SyncInterval: time.Second, Log: r.Log})
	if err != nil {
		return err
	}
	defer server.Close() // syncs the streams to the disk
	manager, err := jsm.New(server.Conn())
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		r.Tell("stream " + strings.TrimPrefix(name, "KV_"))
		// The library starts a goroutine that ends with the context.
		one, stop := context.WithCancel(ctx)
		_, _, err := manager.RestoreSnapshotFromDirectory(one, name, filepath.Join(snapshots, name))
		stop()
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return nil
}
