// Package datadir is the data directory of an installation: its files, its lock, and its setup at
// the first start.
package datadir

import (
	"crypto/rand"
	_ "embed" // for the example configuration
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Dir is a data directory.
type Dir struct {
	dir  string
	lock *flock.Flock
}

// Permissions for the owner alone.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// ErrInUse means that another process runs on the directory.
var ErrInUse = errors.New("another rodopath is running on this data directory")

// Open returns the directory, and creates a missing one. Open does not claim the directory.
func Open(dir string) (*Dir, error) {
	if dir == "" {
		return nil, errors.New("data directory: name it with --data")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(abs, dirMode); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if unknownEntries(abs) {
			return nil, fmt.Errorf(
				"data directory %s holds other files and is readable by others; choose another with --data",
				abs,
			)
		}
		if err := os.Chmod(abs, dirMode); err != nil {
			return nil, fmt.Errorf("data directory %s is readable by others, and its mode cannot be changed: %w", abs, err)
		}
	}
	return &Dir{dir: abs, lock: flock.New(filepath.Join(abs, "lock"), flock.SetPermissions(fileMode))}, nil
}

// At returns the directory at a path, without creating anything.
func At(dir string) *Dir { return &Dir{dir: dir} }

// unknownEntries reports whether a directory holds files and none of an installation.
func unknownEntries(dir string) bool {
	entries, err := os.ReadDir(dir)
	_, ours := os.Stat(filepath.Join(dir, "lock"))
	return err == nil && len(entries) > 0 && ours != nil
}

// Path is the directory.
func (h *Dir) Path() string { return h.dir }

// Streams is the directory of the embedded NATS.
func (h *Dir) Streams() string { return filepath.Join(h.dir, "nats") }

// Intake is the directory of the log of accepted webhooks.
func (h *Dir) Intake() string { return filepath.Join(h.dir, "intake") }

// History is the directory of the bookmarks of imports.
func (h *Dir) History() string { return filepath.Join(h.dir, "history") }

// ConfigPath is the configuration that is used when none is named.
func (h *Dir) ConfigPath() string { return filepath.Join(h.dir, "rodopath.yaml") }

// ConsumerURLPath is the file with the address for outside consumers.
func (h *Dir) ConsumerURLPath() string { return filepath.Join(h.dir, "consumer.url") }

// RecipientURLPath is the file with the address for a recipient with an account of its own.
func (h *Dir) RecipientURLPath(id string) string { return filepath.Join(h.dir, "consumer-"+id+".url") }

// Claim locks the directory for this process until Release. The error is ErrInUse when another
// process holds the lock.
func (h *Dir) Claim() error {
	ok, err := h.lock.TryLock()
	if err != nil {
		return fmt.Errorf("claim data directory: %w", err)
	}
	if !ok {
		return ErrInUse
	}
	return nil
}

// Release gives the directory up.
func (h *Dir) Release() error {
	return errors.Join(os.RemoveAll(h.controlPath()), h.lock.Unlock())
}

//go:embed example.yaml
var example []byte

// EnsureConfig writes the example configuration with new secrets when no configuration exists, and
// reports whether it did.
func (h *Dir) EnsureConfig() (bool, error) {
	if _, err := os.Stat(h.ConfigPath()); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	secrets := filepath.Join(h.dir, "secrets")
	if err := os.MkdirAll(secrets, dirMode); err != nil {
		return false, fmt.Errorf("write example configuration: %w", err)
	}
	for _, id := range []string{"shop", "card", "letters", "forms"} {
		secret, err := newSecret()
		if err == nil {
			err = create(filepath.Join(secrets, id), []byte(secret+"\n"))
		}
		if err != nil {
			return false, fmt.Errorf("write example configuration: %w", err)
		}
	}
	if err := create(h.ConfigPath(), example); err != nil {
		return false, fmt.Errorf("write example configuration: %w", err)
	}
	return true, nil
}

// newSecret returns a secret in the form of Standard Webhooks, which suits every platform.
func newSecret() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(key), nil
}

// create writes a file that does not exist yet; one that does is left alone.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// Control is how the commands reach a running server.
type Control struct {
	// API is the address of the HTTP interface, Token its token.
	API   string `json:"api"`
	Token string `json:"token"`
	// Webhooks is the address before /webhooks/.
	Webhooks string `json:"webhooks"`
	// HandSecret signs facts that are put in by hand.
	HandSecret string `json:"hand_secret"`
	// Config is the configuration that the server runs on.
	Config string `json:"config"`
}

func (h *Dir) controlPath() string { return filepath.Join(h.dir, "control.json") }

// WriteControl leaves a note for the commands.
func (h *Dir) WriteControl(c *Control) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write control file: %w", err)
	}
	return h.write(h.controlPath(), data)
}

// WriteConsumerURL leaves the address for outside consumers.
func (h *Dir) WriteConsumerURL(u string) error {
	return h.write(h.ConsumerURLPath(), []byte(u+"\n"))
}

// WriteRecipientURL writes the address for a recipient with an account of its own.
func (h *Dir) WriteRecipientURL(id, u string) error {
	return h.write(h.RecipientURLPath(id), []byte(u+"\n"))
}

// ConsumerPassword returns the password of outside consumers, which is created once.
func (h *Dir) ConsumerPassword() (string, error) {
	path := filepath.Join(h.dir, "secrets", "consumer")
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return "", fmt.Errorf("create consumer password: %w", err)
	}
	if err := create(path, []byte(rand.Text())); err != nil {
		return "", fmt.Errorf("create consumer password: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read consumer password: %w", err)
	}
	return string(data), nil
}

func (*Dir) write(path string, data []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, data, fileMode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// ReadControl reads the note of the running server.
func (h *Dir) ReadControl() (*Control, error) {
	data, err := os.ReadFile(h.controlPath())
	if err != nil {
		return nil, fmt.Errorf("read control file: %w", err)
	}
	c := &Control{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read control file: %w", err)
	}
	return c, nil
}
