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

// Rotate returns the keys with new ones that hash and seal from now on. What was hashed
// and sealed before can still be found and read.
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

// Prune returns the keys once everything stored is hashed and sealed with the newest. Of
// those that seal only that one is left. The older ones that hash stay, as the newest
// stands on them; but what they alone have hashed is found no more.
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

// Rotating tells whether older keys are still needed, because what is stored is being
// hashed and sealed anew.
func (k *Keys) Rotating() (bool, error) {
	n, err := k.sealers()
	return n > 1 || k.Behind, err
}

// sealers is how many keys there are to read what is sealed.
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

// with returns the keys with another keyset.
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

// RewriteKeys changes the keys in a file, which is whole at every moment.
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

// prefixed is how many bytes in front of what Tink seals name the key: one for the kind of
// prefix, four for the id.
const prefixed = 5

// Stale tells whether something was sealed with another key than the one that seals now.
func (v *Vault) Stale(sealed []byte) bool {
	return len(sealed) > 0 && (len(sealed) < prefixed || !bytes.Equal(sealed[:prefixed], v.prefix))
}

// Reencrypt seals anew what Seal wrote for a subject.
func (v *Vault) Reencrypt(subject string, sealed []byte) ([]byte, error) {
	return v.reencrypt(sealed, []byte(subject))
}

// ReencryptText seals anew what SealText wrote.
func (v *Vault) ReencryptText(sealed []byte) ([]byte, error) {
	return v.reencrypt(sealed, []byte(evidence))
}

// errUnreadable means that no key of ours opens something.
var errUnreadable = errors.New("none of the keys opens it")

func (v *Vault) reencrypt(sealed, bound []byte) ([]byte, error) {
	plain, err := v.aead.Decrypt(sealed, bound)
	if err != nil {
		return nil, errUnreadable
	}
	return v.aead.Encrypt(plain, bound)
}
