package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"hash"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rodopath/rodopath/services/internal/address"
)

// hashKey is the length of a new key of the hashes, and the least of any, in bytes.
const hashKey = 32

func newHashKey() []byte {
	k := make([]byte, hashKey)
	_, _ = rand.Read(k) // never fails
	return k
}

// hashing returns the keys of the hashes, oldest first.
func (k *Keys) hashing() ([][]byte, error) {
	all := append([][]byte{k.Hash}, k.Later...)
	for _, key := range all {
		if len(key) < hashKey {
			return nil, fmt.Errorf("a hash key has %d bytes and needs %d", len(key), hashKey)
		}
	}
	return all, nil
}

// Prefixes of keys. A person key joins facts into one person; a locator key only
// finds one.
const (
	personPrefix  = "p"
	locatorPrefix = "l"
)

// Key returns the current keyed hash of an identity.
func (v *Vault) Key(i Identity) string { return v.Keys(i)[0] }

// Keys returns the keyed hashes of an identity: the current hash and, during a key rotation, the
// former one.
func (v *Vault) Keys(i Identity) []string {
	i = i.Normal()
	return v.keys(personPrefix, i.Kind+":"+i.Value)
}

// FormerKeys returns the keyed hashes of an address in the writings of earlier versions; nil for an
// address with one writing and for other names.
func (v *Vault) FormerKeys(i Identity) []string {
	i = i.Normal()
	if i.Kind != KindEmail {
		return nil
	}
	var out []string
	for _, writing := range address.Former(i.Value) {
		out = append(out, v.keys(personPrefix, KindEmail+":"+writing)...)
	}
	return out
}

// LocatorKey returns the keyed hash of a locator, such as "stripe:pi_123".
func (v *Vault) LocatorKey(ref string) string { return v.LocatorKeys(ref)[0] }

// LocatorKeys returns the keyed hashes of a locator, in the same order as Keys.
func (v *Vault) LocatorKeys(ref string) []string { return v.keys(locatorPrefix, "locator:"+ref) }

// IsPersonKey reports whether a key is the hash of an identity and not of a locator.
func IsPersonKey(key string) bool { return strings.HasPrefix(key, personPrefix) }

func (v *Vault) keys(prefix, text string) []string {
	key := prefix + base64.RawURLEncoding.EncodeToString(v.sum(0, text)[:keySum])
	all := []string{key}
	for v.Outdated(key) {
		key = v.again(key)
		all = append(all, key)
	}
	slices.Reverse(all)
	if v.behind {
		return all[:min(2, len(all))]
	}
	return all[:1]
}

// keySum is the number of hash bytes in a key.
const keySum = 20

// Current converts a key of an older generation to the current generation.
func (v *Vault) Current(key string) string {
	for v.Outdated(key) {
		key = v.again(key)
	}
	return key
}

// Outdated reports whether a key belongs to an older generation.
func (v *Vault) Outdated(key string) bool { return key != "" && generationOf(key) < v.Generation() }

// Generation is the number of rotations of the hash key.
func (v *Vault) Generation() int { return len(v.hash) - 1 }

// again hashes a key with the next hash key. Keys of later generations have a prefix such as "p3.".
func (v *Vault) again(key string) string {
	next := generationOf(key) + 1
	sum := base64.RawURLEncoding.EncodeToString(v.sum(next, "again:"+key)[:keySum])
	return key[:1] + strconv.Itoa(next) + "." + sum
}

// generationOf returns the generation of a key. A malformed key has a generation beyond all keys,
// which leaves the key unchanged.
func generationOf(key string) int {
	front, _, ok := strings.Cut(key, ".")
	if !ok {
		return 0
	}
	if front != "" {
		if n, err := strconv.Atoi(front[1:]); err == nil && n > 0 {
			return n
		}
	}
	return math.MaxInt
}

// Mark returns a keyed hash that replaces a text, such as the id of a fact, after its erasure. A
// mark cannot find a person, and always uses the first hash key.
func (v *Vault) Mark(text string) string {
	return base64.RawURLEncoding.EncodeToString(v.sum(0, "mark:"+text)[:16])
}

// SuccessorID returns the id of the successor of a fully erased subject. The id is deterministic,
// and cannot be traced back without the key.
func (v *Vault) SuccessorID(subject string) string {
	sum := v.sum(0, "risen:"+subject)[:16]
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum))
}

// sum hashes a text with the key of a generation.
func (v *Vault) sum(generation int, text string) []byte {
	m, ok := v.macs[generation].Get().(hash.Hash)
	if !ok {
		m = hmac.New(sha256.New, v.hash[generation])
	}
	defer v.macs[generation].Put(m)
	m.Reset()
	m.Write([]byte(text))
	return m.Sum(nil)
}
