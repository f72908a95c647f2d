package console

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// errBox means that a sealed text is not ours, or is too old.
var errBox = errors.New("the sign-in did not begin in this browser")

// keyRecord is the name of the record of the key of sealed texts. The record is renewed once it has expired.
const keyRecord = "key"

// boxKey returns the key that all replicas share, and makes one where there is none.
func (a *api) boxKey(ctx context.Context) ([]byte, error) {
	key, revision, err := readRecord[[]byte](ctx, a, keyRecord)
	if err != nil || revision > 0 {
		return key, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	err = writeRecord(ctx, a, keyRecord, key, 0)
	if errors.Is(err, errConflict) { // another replica was first
		key, _, err = readRecord[[]byte](ctx, a, keyRecord)
	}
	return key, err
}

func (a *api) aead(ctx context.Context) (cipher.AEAD, error) {
	key, err := a.boxKey(ctx)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open the key: %w", err)
	}
	return cipher.NewGCM(block)
}

// boxed is a value that a browser keeps for a replica, and cannot read.
type boxed struct {
	Until time.Time       `json:"until"`
	Value json.RawMessage `json:"value"`
}

// seal encrypts a value for a cookie of one purpose, until an instant.
func (a *api) seal(ctx context.Context, purpose string, value any, until time.Time) (string, error) {
	inner, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	data, err := json.Marshal(boxed{until, inner})
	if err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	aead, err := a.aead(ctx)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, data, []byte(purpose))), nil
}

// unseal decrypts a value of a cookie of one purpose. The error is errBox for a text that is not ours.
func (a *api) unseal(ctx context.Context, purpose, text string, now time.Time, into any) error {
	aead, err := a.aead(ctx)
	if err != nil {
		return err
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) < aead.NonceSize() {
		return errBox
	}
	plain, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], []byte(purpose))
	if err != nil {
		return errBox
	}
	var b boxed
	if json.Unmarshal(plain, &b) != nil || now.After(b.Until) || json.Unmarshal(b.Value, into) != nil {
		return errBox
	}
	return nil
}
