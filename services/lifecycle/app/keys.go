package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// openVault reads the keys from the configuration or, without keys there, from the data directory,
// where the first start creates them.
func openVault(opts Options) (*identity.Vault, error) {
	var keys *identity.Keys
	var err error
	switch {
	case opts.Config.Keys != "":
		var text string
		if text, err = opts.Config.Secret(opts.Config.Keys); err == nil {
			keys, err = identity.ParseKeys([]byte(text))
		}
		err = opts.Config.At(err, "keys")
	case opts.Data != "":
		keys, err = dataKeys(opts.Data)
	default:
		err = errors.New("no keys: set keys (RODOPATH_KEYS) to env:NAME or file:PATH; \"rodopath keys\" makes them")
	}
	if err != nil {
		return nil, err
	}
	vault, err := identity.NewVault(keys)
	if err != nil || opts.Data == "" {
		return vault, err
	}
	return vault, checkKeys(vault, filepath.Join(opts.Data, checkFile))
}

// ErrForeignKeys means that the keys do not match the database.
var ErrForeignKeys = errors.New("the keys are not those of this data directory")

// checkKeys compares the keys with the fingerprint stored at the first start. With other keys, such
// as keys of another backup, no person would be found, without any error.
func checkKeys(v *identity.Vault, path string) error {
	want := v.Keys(identity.Identity{Kind: "check", Value: "rodopath"})
	note, err := os.ReadFile(path)
	was := slices.Index(want, strings.TrimSpace(string(note)))
	switch {
	case errors.Is(err, fs.ErrNotExist), was > 0: // new, or the keys were rotated
		return os.WriteFile(path, []byte(want[0]+"\n"), 0o600)
	case err != nil:
		return fmt.Errorf("check keys: %w", err)
	case was < 0:
		return fmt.Errorf("%w (fingerprint in %s); restore the keys from your backup", ErrForeignKeys, path)
	}
	return nil
}

// StreamKey returns the encryption key of streams on disk. The key derives from the hash key and
// needs no storage of its own.
func StreamKey(c *config.Config, data string) (string, error) {
	vault, err := openVault(Options{Config: c, Data: data})
	if err != nil {
		return "", err
	}
	return vault.StreamKey(), nil
}

// RotateKeys adds new keys to a key file. An interrupted rotation continues with the keys already
// added.
func RotateKeys(path string) error {
	return identity.RewriteKeys(path, func(k *identity.Keys) (*identity.Keys, error) {
		if rotating, err := k.Rotating(); err != nil || rotating {
			return k, err
		}
		return k.Rotate()
	})
}

// LooseKeys returns an error for the key file of a data directory: a change of the file alone would
// make the database unreadable.
func LooseKeys(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, checkFile)); err != nil {
		return nil //nolint:nilerr // no fingerprint, so no data directory
	}
	return fmt.Errorf(
		"%s belongs to a data directory; run \"rodopath keys rotate --data %s\" instead, which also hashes and seals the stored data again",
		path,
		dir,
	)
}

// PruneKeys ends a rotation in a file of keys, once everything stored is of the newest.
func PruneKeys(path string) error { return identity.RewriteKeys(path, (*identity.Keys).Prune) }

// CheckKeys verifies that the keys in a data directory match the database.
func CheckKeys(dir string) error {
	keys, err := dataKeys(dir)
	if err != nil {
		return err
	}
	vault, err := identity.NewVault(keys)
	if err != nil {
		return err
	}
	return checkKeys(vault, filepath.Join(dir, checkFile))
}

const (
	keysFile  = "keys.json"
	checkFile = "keys.check"
)

// dataKeys reads the keys from the data directory. New keys are created only without a database:
// with other keys, stored persons would not be found.
func dataKeys(dir string) (*identity.Keys, error) {
	path := filepath.Join(dir, keysFile)
	_, noKeys := os.Stat(path)
	_, noStore := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(noKeys, fs.ErrNotExist) && noStore == nil {
		return nil, fmt.Errorf(
			"%s is missing, and without the keys no person in %s can be found; restore the file from your backup",
			path,
			databaseFile,
		)
	}
	return identity.EnsureKeys(path)
}
