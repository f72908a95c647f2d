package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jsm.go"
	"github.com/nats-io/nats.go"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

// Machine is a running installation to copy.
type Machine struct {
	// Dir is the data directory.
	Dir string
	// Intake copies the intake log to a directory and returns the number of webhooks in the copy.
	Intake func(dir string) (int, error)
	// Store copies the database to a path and returns the number of persons in the copy; nil for a
	// database on another server.
	Store func(ctx context.Context, path string) (int, error)
	// NATS is a connection to the built-in server; nil when the streams are elsewhere.
	NATS *nats.Conn
	// Vault holds the keys of the installation.
	Vault *identity.Vault
	// KeysElsewhere reports whether the configured keys are outside of the data directory.
	KeysElsewhere bool
	// Elsewhere are files that the configuration names outside of the data directory.
	Elsewhere []string
}

// Names in the data directory.
const (
	intakeDir    = "intake"
	spoolFile    = "spool.db" // of an earlier version
	streamsDir   = "nats"
	stagePattern = ".backup-*" // a directory while a backup is made
)

// Copy is a copy of an installation in a directory of its own, to be written into one file. Close
// removes the directory.
type Copy struct {
	dir      string
	manifest Manifest
	vault    *identity.Vault
	key      tink.StreamingAEAD // the data key of a sealed backup
}

// Take copies an installation in the order of the data flow: the intake log, the incoming streams, the
// database, the outgoing streams. A message in transit is therefore in one copy, or in two under
// one id. at is the beginning of the copy.
func Take(ctx context.Context, m *Machine, withKeys bool, at time.Time) (*Copy, error) {
	if withKeys && m.KeysElsewhere {
		return nil, fmt.Errorf("make backup: %w", ErrKeysElsewhere)
	}
	if err := sweep(m.Dir); err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	dir, err := os.MkdirTemp(m.Dir, stagePattern)
	if err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	c := &Copy{dir: dir, vault: m.Vault, manifest: Manifest{
		Format: format, Created: at.UTC().Truncate(time.Second), Messages: map[string]int{}, Files: map[string]string{},
		WithKeys: withKeys, StoreElsewhere: m.Store == nil, StreamsElsewhere: m.NATS == nil, Elsewhere: m.Elsewhere,
	}}
	if !m.KeysElsewhere {
		c.manifest.Keys = filepath.Join(m.Dir, identity.KeysFile)
	}
	if err := c.take(ctx, m); err != nil {
		return nil, errors.Join(fmt.Errorf("make backup: %w", err), c.Close())
	}
	return c, nil
}

// sweep removes the remains of a killed backup, which hold messages in the clear.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, stagePattern))
	for _, stage := range left {
		err = errors.Join(err, os.RemoveAll(stage))
	}
	return err
}

// Close removes the copy.
func (c *Copy) Close() error { return os.RemoveAll(c.dir) }

func (c *Copy) take(ctx context.Context, m *Machine) (err error) {
	for _, sub := range []string{dataPrefix, streamPrefix} {
		if err := os.Mkdir(filepath.Join(c.dir, sub), 0o700); err != nil {
			return err
		}
	}
	if c.manifest.Intake, err = m.Intake(c.data(intakeDir)); err != nil {
		return err
	}
	incoming := []string{stream.Facts, stream.Receipts}
	if err := c.streams(m, func(name string) bool { return slices.Contains(incoming, name) }); err != nil {
		return err
	}
	if m.Store != nil {
		if c.manifest.Persons, err = m.Store(ctx, c.data(identity.DatabaseFile)); err != nil {
			return err
		}
	}
	if err := c.streams(m, func(name string) bool { return !slices.Contains(incoming, name) }); err != nil {
		return err
	}
	return c.files(m)
}

func (c *Copy) data(name string) string { return filepath.Join(c.dir, dataPrefix, name) }

// streams takes snapshots of streams with the positions of their consumers.
func (c *Copy) streams(m *Machine, which func(name string) bool) error {
	if m.NATS == nil {
		return nil
	}
	manager, err := jsm.New(m.NATS)
	if err != nil {
		return err
	}
	all, missing, _, err := manager.Streams(nil)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("streams do not answer: %s", strings.Join(missing, ", "))
	}
	if err != nil {
		return err
	}
	for _, s := range all {
		if !which(s.Name()) {
			continue
		}
		if err := c.stream(s); err != nil {
			return fmt.Errorf("copy stream %s: %w", s.Name(), err)
		}
	}
	return nil
}

func (c *Copy) stream(s *jsm.Stream) error {
	state, err := s.State()
	if err != nil {
		return err
	}
	c.manifest.Messages[s.Name()] = int(state.Msgs) //nolint:gosec // far below
	// The library starts a goroutine that ends with the context.
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	_, err = s.SnapshotToDirectory(ctx, filepath.Join(c.dir, streamPrefix, s.Name()), jsm.SnapshotConsumers())
	return err
}

// files copies the other files of the data directory: the configuration, policies, secrets, and the
// keys on request.
func (c *Copy) files(m *Machine) error {
	return filepath.WalkDir(m.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(m.Dir, path)
		if err != nil || name == "." {
			return err
		}
		staged, err := filepath.Match(stagePattern, name)
		switch {
		case err != nil:
			return err
		case e.IsDir() && (name == streamsDir || name == intakeDir || staged):
			return fs.SkipDir
		case e.IsDir():
			return os.MkdirAll(c.data(name), 0o700) //nolint:gosec // the directory belongs to this process
		case !e.Type().IsRegular() || c.passing(name):
			return nil
		}
		return copyFile(path, c.data(name))
	})
}

// passing reports whether a file belongs to a running process, is copied in another way, or is kept
// apart.
func (c *Copy) passing(name string) bool {
	switch name {
	case "lock", "control.json", spoolFile, datadir.MarkerFile: // the database of the copy knows its installation
		return true
	case identity.KeysFile:
		return !c.manifest.WithKeys
	}
	return strings.HasPrefix(name, identity.DatabaseFile) || strings.HasSuffix(name, ".part")
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return create(to, in)
}

// create creates a new file with the content of in.
func create(path string, in io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, in); err != nil {
		return err
	}
	return f.Sync()
}
