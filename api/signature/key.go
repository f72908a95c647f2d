// Package signature signs and verifies webhooks by the scheme of each platform. All four schemes
// are HMAC-SHA256 over the raw bytes of the body; the schemes differ in further signed parts, in
// the encoding and in the form of the secret.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tolerance is the permitted difference between the time in a signature and the receiver's clock,
// in both directions. The official libraries of Stripe accept any time in the future; here a time
// in the future is as suspect as an old one.
const Tolerance = 300 * time.Second

// Errors of a verification, without secrets or signatures.
var (
	// ErrMissing means that there is no signature to check.
	ErrMissing = errors.New("signature missing")
	// ErrMalformed means that the signature violates the format of the scheme.
	ErrMalformed = errors.New("signature malformed")
	// ErrExpired means that the signature was made too long ago, or is dated too
	// far ahead.
	ErrExpired = errors.New("signature outside the time window")
	// ErrMismatch means that no known secret produces the signature.
	ErrMismatch = errors.New("signature does not match")
	// ErrSecret means that a configured secret cannot be used.
	ErrSecret = errors.New("unusable secret")
)

type digest [sha256.Size]byte

// key is a secret with precomputed HMAC pads, safe for concurrent use.
type key struct{ macs *sync.Pool }

func newKey(secret []byte) key {
	secret = append([]byte(nil), secret...)
	return key{&sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

func (k key) sum(parts ...[]byte) digest {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	for _, p := range parts {
		mac.Write(p)
	}
	var d digest
	mac.Sum(d[:0])
	return d
}

// keys are the secrets of one sender; any of the secrets may sign, so that a secret can be changed
// without a lost webhook.
type keys []key

// newKeys rejects a blank secret: HMAC accepts one, and everybody could sign.
func newKeys(secrets []string) (keys, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrSecret)
	}
	ks := make(keys, 0, len(secrets))
	for i, s := range secrets {
		if strings.TrimSpace(s) == "" {
			return nil, fmt.Errorf("%w: number %d is blank", ErrSecret, i+1)
		}
		ks = append(ks, newKey([]byte(s)))
	}
	return ks, nil
}

// check reports whether any key produces any of the candidates, in constant time.
func (ks keys) check(candidates []digest, parts ...[]byte) error {
	matched := 0
	for _, k := range ks {
		want := k.sum(parts...)
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

// parseStamp reads unix seconds and checks the distance to at.
func parseStamp(s string, at time.Time) error {
	t, err := strconv.ParseUint(s, 10, 62)
	if err != nil {
		return ErrMalformed
	}
	tolerance := int64(Tolerance / time.Second)
	if age := at.Unix() - int64(t); age > tolerance || age < -tolerance {
		return ErrExpired
	}
	return nil
}

func stamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
