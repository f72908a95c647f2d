package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ParseKeys reads keys as Keys is written in JSON.
func ParseKeys(data []byte) (*Keys, error) {
	k := &Keys{}
	if err := json.Unmarshal(data, k); err != nil {
		// The error of the decoder may hold a piece of the keys.
		return nil, errors.New("the keys are not JSON as written by \"rodopath keys\"")
	}
	return k, nil
}

// JSON writes the keys in the format of ParseKeys.
func (k *Keys) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write keys: %w", err)
	}
	return data, nil
}

// EnsureKeys reads the keys in the file at path, or creates the file with new keys.
func EnsureKeys(path string) (*Keys, error) {
	k, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKeys(path)
	}
	return k, err
}

func readKeys(path string) (*Keys, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	k, err := ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("read keys %s: %w", path, err)
	}
	return k, nil
}

func createKeys(path string) (*Keys, error) {
	k, err := NewKeys()
	if err != nil {
		return nil, err
	}
	data, err := k.JSON()
	if err != nil {
		return nil, err
	}
	if err := writeSynced(path, data); err != nil {
		return nil, fmt.Errorf("write keys: %w", err)
	}
	return k, nil
}

// writeSynced creates a file atomically: with a truncated key file, no stored data could be read.
func writeSynced(path string, data []byte) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// NewKeysJSON returns new keys as JSON, for the configuration of a cluster.
func NewKeysJSON() ([]byte, error) {
	k, err := NewKeys()
	if err != nil {
		return nil, err
	}
	return k.JSON()
}
