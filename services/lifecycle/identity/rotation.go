package identity

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Rotate returns the keys with new current keys for hashing and sealing. Older data can still be
// found and read.
func (k *Keys) Rotate() (*Keys, error) {
	out, err := k.with(func(m *keyset.Manager) error {
		id, err := m.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(id)
	})
	if err == nil {
		out.Later, out.Behind = append(slices.Clone(k.Later), newHashKey()), true
	}
	return out, err
}

// Prune returns the keys after all stored data are hashed and sealed with the current keys. Older
// sealing keys are dropped. Older hash keys stay, because the current hash builds on the older
// ones; hashes of older generations are no longer found.
func (k *Keys) Prune() (*Keys, error) {
	out, err := k.with(func(m *keyset.Manager) error {
		h, err := m.Handle()
		if err != nil {
			return err
		}
		primary, err := h.Primary()
		if err != nil {
			return err
		}
		for i := range h.Len() {
			e, err := h.Entry(i)
			if err != nil {
				return err
			}
			if e.KeyID() == primary.KeyID() {
				continue
			}
			if err := m.Delete(e.KeyID()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		out.Behind = false
	}
	return out, err
}

// Rotating reports whether older keys are still needed, because stored data are being hashed and
// sealed again.
func (k *Keys) Rotating() (bool, error) {
	n, err := k.sealers()
	return n > 1 || k.Behind, err
}

// sealers returns the number of keys that open sealed data.
func (k *Keys) sealers() (int, error) {
	h, err := k.sealing()
	if err != nil {
		return 0, err
	}
	return h.Len(), nil
}

func (k *Keys) sealing() (*keyset.Handle, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(k.Sealing)))
	if err != nil {
		return nil, fmt.Errorf("read sealing keyset: %w", err)
	}
	return h, nil
}

// with returns the keys with a changed keyset.
func (k *Keys) with(change func(*keyset.Manager) error) (*Keys, error) {
	h, err := k.sealing()
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	if err := change(m); err != nil {
		return nil, fmt.Errorf("change sealing keyset: %w", err)
	}
	if h, err = m.Handle(); err != nil {
		return nil, fmt.Errorf("change sealing keyset: %w", err)
	}
	text, err := writeKeyset(h)
	if err != nil {
		return nil, err
	}
	return &Keys{Hash: k.Hash, Later: k.Later, Behind: k.Behind, Sealing: text}, nil
}

// RewriteKeys changes the keys in a file atomically.
func RewriteKeys(path string, change func(*Keys) (*Keys, error)) error {
	k, err := readKeys(path)
	if err != nil {
		return err
	}
	if k, err = change(k); err != nil {
		return err
	}
	data, err := k.JSON()
	if err != nil {
		return err
	}
	if err := writeSynced(path, data); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	return nil
}

// prefixed is the length in bytes of the key prefix of Tink: one byte for the kind of prefix, four
// for the id.
const prefixed = 5

// Stale reports whether data are sealed with a key other than the current one.
func (v *Vault) Stale(sealed []byte) bool {
	return len(sealed) > 0 && (len(sealed) < prefixed || !bytes.Equal(sealed[:prefixed], v.prefix))
}

// Reencrypt seals the names of a subject again with the current key.
func (v *Vault) Reencrypt(subject string, sealed []byte) ([]byte, error) {
	return v.reencrypt(sealed, []byte(subject))
}

// ReencryptText seals evidence again with the current key.
func (v *Vault) ReencryptText(sealed []byte) ([]byte, error) {
	return v.reencrypt(sealed, []byte(evidence))
}

// errUnreadable means that no key opens the sealed data.
var errUnreadable = errors.New("no key opens the sealed data; restore the key file from your backup")

func (v *Vault) reencrypt(sealed, bound []byte) ([]byte, error) {
	plain, err := v.aead.Decrypt(sealed, bound)
	if err != nil {
		return nil, errUnreadable
	}
	return v.aead.Encrypt(plain, bound)
}
