package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// Key is a secret with precomputed HMAC pads, safe for concurrent use.
type Key struct{ macs *sync.Pool }

// NewKey returns the key of a secret. The secret may be changed afterwards.
func NewKey(secret []byte) Key {
	secret = append([]byte(nil), secret...)
	return Key{&sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// Sum returns the HMAC-SHA256 of the parts, one after another without a separator.
func (k Key) Sum(parts ...[]byte) Digest {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	for _, p := range parts {
		mac.Write(p)
	}
	var d Digest
	mac.Sum(d[:0])
	return d
}

// Keys are the secrets of one sender; any of the secrets may sign, so that a secret can be changed
// without a lost webhook.
type Keys []Key

// NewKeys returns the keys of secrets whose bytes are the text itself. A blank secret is rejected
// with ErrSecret: HMAC accepts a blank secret, and everybody could sign.
func NewKeys(secrets []string) (Keys, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrSecret)
	}
	ks := make(Keys, 0, len(secrets))
	for i, s := range secrets {
		if strings.TrimSpace(s) == "" {
			return nil, fmt.Errorf("%w: number %d is blank", ErrSecret, i+1)
		}
		ks = append(ks, NewKey([]byte(s)))
	}
	return ks, nil
}

// Check returns nil when any key produces any of the candidates over the parts, and ErrMismatch
// otherwise. The comparison takes constant time.
func (ks Keys) Check(candidates []Digest, parts ...[]byte) error {
	matched := 0
	for _, k := range ks {
		want := k.Sum(parts...)
		for i := range candidates {
			if hmac.Equal(want[:], candidates[i][:]) {
				matched++
			}
		}
	}
	if matched == 0 {
		return ErrMismatch
	}
	return nil
}
