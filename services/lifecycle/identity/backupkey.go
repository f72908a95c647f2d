package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// backupBinding is the binding of the data key of a backup.
const backupBinding = "data key of a backup"

// NewDataKey makes a data key for one backup and returns the key, ready for use, and the key sealed
// with the newest sealing key.
func (v *Vault) NewDataKey() (tink.StreamingAEAD, []byte, error) {
	handle, err := keyset.NewHandle(streamingaead.AES256GCMHKDF1MBKeyTemplate())
	if err != nil {
		return nil, nil, fmt.Errorf("make data key: %w", err)
	}
	var sealed bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&sealed), v.aead, []byte(backupBinding)); err != nil {
		return nil, nil, fmt.Errorf("seal data key: %w", err)
	}
	key, err := streamingaead.New(handle)
	if err != nil {
		return nil, nil, fmt.Errorf("make data key: %w", err)
	}
	return key, sealed.Bytes(), nil
}

// OpenDataKey opens a data key that NewDataKey sealed. The error is ErrForeignKeys when no key of the
// vault opens the data key.
func (v *Vault) OpenDataKey(sealed []byte) (tink.StreamingAEAD, error) {
	reader := keyset.NewBinaryReader(bytes.NewReader(sealed))
	handle, err := keyset.ReadWithAssociatedData(reader, v.aead, []byte(backupBinding))
	if err != nil {
		return nil, fmt.Errorf("open data key: %w", errors.Join(ErrForeignKeys, err))
	}
	key, err := streamingaead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("open data key: %w", err)
	}
	return key, nil
}

// Authenticate returns the authentication code of the manifest of a backup, under a key that derives
// from the newest hash key.
func (v *Vault) Authenticate(manifest []byte) []byte { return v.manifestCode(v.Generation(), manifest) }

// Authentic reports whether a code is that of a manifest. During a key rotation the former hash key
// counts too.
func (v *Vault) Authentic(manifest, code []byte) bool {
	oldest := v.Generation()
	if v.behind {
		oldest = max(0, oldest-1)
	}
	for g := v.Generation(); g >= oldest; g-- {
		if hmac.Equal(v.manifestCode(g, manifest), code) {
			return true
		}
	}
	return false
}

func (v *Vault) manifestCode(generation int, manifest []byte) []byte {
	m := hmac.New(sha256.New, v.sum(generation, "manifest of a backup"))
	m.Write(manifest)
	return m.Sum(nil)
}
