package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files of a data directory that belong together: KeysFile holds the keys of DatabaseFile, and the
// fingerprint file identifies the keys.
const (
	KeysFile     = "keys.json"
	DatabaseFile = "rodopath.db"

	fingerprintFile = "keys.check"
)

// ErrForeignKeys means that the keys do not match the database.
var ErrForeignKeys = errors.New("the keys are not those of this data directory")

// EnsureDataKeys reads the keys of a data directory. New keys are created only without a database:
// with other keys, stored persons would not be found.
func EnsureDataKeys(dir string) (*Keys, error) {
	path := filepath.Join(dir, KeysFile)
	_, noKeys := os.Stat(path)
	_, noStore := os.Stat(filepath.Join(dir, DatabaseFile))
	if errors.Is(noKeys, fs.ErrNotExist) && noStore == nil {
		return nil, fmt.Errorf(
			"%s is missing, and without the keys no person in %s can be found; restore the file from your backup",
			path, DatabaseFile)
	}
	return EnsureKeys(path)
}

// CheckDataKeys verifies that the keys of a data directory match its database.
func CheckDataKeys(dir string) error {
	keys, err := EnsureDataKeys(dir)
	if err != nil {
		return err
	}
	vault, err := NewVault(keys)
	if err != nil {
		return err
	}
	return CheckFingerprint(vault, dir)
}

// CheckFingerprint compares the keys of a vault with the fingerprint that the first start stored in the
// data directory. With other keys, such as keys of another backup, no person would be found, without
// any error.
func CheckFingerprint(v *Vault, dir string) error {
	path := filepath.Join(dir, fingerprintFile)
	want := v.Keys(Identity{Kind: "check", Value: "rodopath"})
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

// RotateFile adds new keys to a key file. An interrupted rotation continues with the keys already
// added.
func RotateFile(path string) error {
	return RewriteKeys(path, func(k *Keys) (*Keys, error) {
		if rotating, err := k.Rotating(); err != nil || rotating {
			return k, err
		}
		return k.Rotate()
	})
}

// PruneFile completes a rotation in a key file, once all stored data use the newest keys.
func PruneFile(path string) error { return RewriteKeys(path, (*Keys).Prune) }

// CheckLoose returns an error for the key file of a data directory: a change of the file alone would
// make the database unreadable.
func CheckLoose(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, fingerprintFile)); err != nil {
		return nil //nolint:nilerr // no fingerprint, so no data directory
	}
	return fmt.Errorf("%s belongs to a data directory; run \"rodopath keys rotate --data %s\" instead, "+
		"which also hashes and seals the stored data again", path, dir)
}
