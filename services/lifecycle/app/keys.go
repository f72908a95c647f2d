package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/config"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
)

// openVault takes the keys from the configuration, or else from the data
// directory, where they are made at the first start.
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

// ErrForeignKeys means that keys are not those with which a database was written.
var ErrForeignKeys = errors.New("the keys are not those of this data directory")

// checkKeys compares the keys with the note that the first start left: with other
// keys, from another backup say, nobody would be found and nothing would say so.
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
		return fmt.Errorf("%w (%s says so); put the right ones back from your backup", ErrForeignKeys, path)
	}
	return nil
}

// StreamKey is the key by which streams on the disk of this machine are encrypted. It is
// made of the hash key, and so there is nothing more to guard.
func StreamKey(c *config.Config, data string) (string, error) {
	vault, err := openVault(Options{Config: c, Data: data})
	if err != nil {
		return "", err
	}
	return vault.StreamKey(), nil
}

// RotateKeys puts new keys into a file of keys, unless a rotation broke off there: then it
// goes on with those.
func RotateKeys(path string) error {
	return identity.RewriteKeys(path, func(k *identity.Keys) (*identity.Keys, error) {
		if rotating, err := k.Rotating(); err != nil || rotating {
			return k, err
		}
		return k.Rotate()
	})
}

// LooseKeys is an error where a file of keys is that of a data directory: to change it alone
// would lock the directory out.
func LooseKeys(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, checkFile)); err != nil {
		return nil //nolint:nilerr // no note of a first start, so no data directory
	}
	return fmt.Errorf("%s are the keys of a data directory; run \"rodopath keys rotate --data %s\" instead, which hashes and seals anew what is in it", path, dir)
}

// PruneKeys ends a rotation in a file of keys, once everything stored is of the newest.
func PruneKeys(path string) error { return identity.RewriteKeys(path, (*identity.Keys).Prune) }

// CheckKeys tells whether the keys in a data directory are those of its database.
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

// dataKeys takes the keys from the data directory. They are made only where there
// is no database yet: with other keys nobody in it would be found again.
func dataKeys(dir string) (*identity.Keys, error) {
	path := filepath.Join(dir, keysFile)
	_, noKeys := os.Stat(path)
	_, noStore := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(noKeys, fs.ErrNotExist) && noStore == nil {
		return nil, fmt.Errorf("%s is missing, and without it nobody in %s can be found; put it back from your backup", path, databaseFile)
	}
	return identity.EnsureKeys(path)
}
