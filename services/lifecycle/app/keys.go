package app

import (
	"errors"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// openVault reads the keys from the configuration or, without keys there, from the data directory,
// where the first start creates them.
func openVault(opts Options) (*identity.Vault, error) {
	keys, err := readKeys(opts)
	if err != nil {
		return nil, err
	}
	vault, err := identity.NewVault(keys)
	if err != nil || opts.Data == "" {
		return vault, err
	}
	return vault, identity.CheckFingerprint(vault, opts.Data)
}

func readKeys(opts Options) (*identity.Keys, error) {
	switch {
	case opts.Config.Keys != "":
		text, err := opts.Config.Secret(opts.Config.Keys)
		if err != nil {
			return nil, opts.Config.At(err, "keys")
		}
		keys, err := identity.ParseKeys([]byte(text))
		return keys, opts.Config.At(err, "keys")
	case opts.Data != "":
		return identity.EnsureDataKeys(opts.Data)
	}
	return nil, errors.New("no keys: set keys (RODOPATH_KEYS) to env:NAME or file:PATH; \"rodopath keys\" makes them")
}

// OpenVault returns the keys of an installation: those of the configuration or, without keys there, those of
// the data directory, which the first start creates.
func OpenVault(c *config.Config, data string) (*identity.Vault, error) {
	return openVault(Options{Config: c, Data: data})
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
