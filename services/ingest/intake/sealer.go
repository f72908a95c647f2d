package intake

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// rootFile is the key of a log without a Sealer.
const rootFile = "root.key"

// secretSealer seals under a key that derives from a secret.
type secretSealer struct{ aead cipher.AEAD }

// NewSealer returns a Sealer whose key derives from a secret.
func NewSealer(secret []byte) (Sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "rodopath intake log", keySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return secretSealer{aead}, nil
}

// SealText encrypts a text.
func (s secretSealer) SealText(text string) ([]byte, error) {
	return s.aead.Seal(nil, nil, []byte(text), nil), nil //nolint:gosec // the AEAD draws the nonce
}

// OpenText decrypts a text.
func (s secretSealer) OpenText(sealed []byte) (string, error) {
	text, err := s.aead.Open(nil, nil, sealed, nil)
	return string(text), err
}

// fileSealer returns a Sealer whose secret is a file of the log, created once.
func fileSealer(dir string) (Sealer, error) {
	path := filepath.Join(dir, rootFile)
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, keySize)
		if _, err = rand.Read(secret); err == nil {
			err = writeFile(path, secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of the intake log: %w", err)
	}
	return NewSealer(secret)
}
