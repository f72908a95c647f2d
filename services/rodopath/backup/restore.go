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
	// Keys is the file with the keys. Empty means the keys in Dir, in the backup, or in the
	// configuration.
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
	m, err := read(r.File, func(name string, in io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return unpack(filepath.Join(part, filepath.FromSlash(name)), in)
	})
	if err != nil {
		return nil, err
	}
	data := filepath.Join(part, dataPrefix)
	if err := r.keys(m, data); err != nil {
		return nil, err
	}
	return m, r.streams(ctx, filepath.Join(part, streamPrefix), filepath.Join(data, streamsDir))
}

func unpack(path string, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return create(path, in)
}

// keys installs and checks the keys.
func (r *Restore) keys(m *Manifest, data string) error {
	if m.Keys == "" {
		return nil
	}
	path := filepath.Join(data, identity.KeysFile)
	from := r.Keys
	if from == "" && !m.WithKeys {
		from = filepath.Join(r.Dir, identity.KeysFile)
	}
	if from != "" {
		text, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf(
				"the backup holds no keys and there is no %s; name the file of keys with --keys: without the keys no person in the backup can be found",
				from,
			)
		}
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // a directory that was made just now
			return err
		}
	}
	return checkKeys(data, cmp.Or(from, "the backup"))
}

// checkKeys checks that the installed keys belong to the database; from is the origin of the keys.
func checkKeys(data, from string) error {
	switch err := identity.CheckDataKeys(data); {
	case errors.Is(err, identity.ErrForeignKeys):
		return fmt.Errorf(
			"the keys in %s are not those of this backup; name with --keys the copy of keys.json from the time of the backup (\"keys rotate\" replaces the keys)",
			from,
		)
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
