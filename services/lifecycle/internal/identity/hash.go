package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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

// Key returns the keyed hash by which the identity is found.
func (v *Vault) Key(i Identity) string { return v.Keys(i)[0] }

// Keys returns the keyed hashes by which the identity may be found: the one that counts,
// and behind it the one that is being replaced.
func (v *Vault) Keys(i Identity) []string {
	i = i.Normal()
	return v.keys(personPrefix, i.Kind+":"+i.Value)
}

// LocatorKey returns the keyed hash of a thing that belongs to a person, such as
// "stripe:pi_123".
func (v *Vault) LocatorKey(ref string) string { return v.LocatorKeys(ref)[0] }

// LocatorKeys returns the keyed hashes of a thing, as Keys does those of a name.
func (v *Vault) LocatorKeys(ref string) []string { return v.keys(locatorPrefix, "locator:"+ref) }

// IsPersonKey tells whether a key names a person, and not a thing of theirs.
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

// keySum is how many bytes a key has of its hash.
const keySum = 20

// Current returns what has become of a key that an older hash key made.
func (v *Vault) Current(key string) string {
	for v.Outdated(key) {
		key = v.again(key)
	}
	return key
}

// Outdated tells whether a key was made without the newest hash key.
func (v *Vault) Outdated(key string) bool { return key != "" && generationOf(key) < v.Generation() }

// Generation counts how often the key of the hashes was replaced.
func (v *Vault) Generation() int { return len(v.hash) - 1 }

// again hashes a key with the next hash key. From then on the generation stands in front:
// "p3.…".
func (v *Vault) again(key string) string {
	next := generationOf(key) + 1
	sum := base64.RawURLEncoding.EncodeToString(v.sum(next, "again:"+key)[:keySum])
	return key[:1] + strconv.Itoa(next) + "." + sum
}

// generationOf reads the generation of a key. What is no key of ours counts as one that
// nothing can be made of.
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

// Mark returns a keyed hash that stands in for a text, such as the id of a fact,
// once the text has gone. It finds nobody, and is of the first hash key for ever.
func (v *Vault) Mark(text string) string {
	return base64.RawURLEncoding.EncodeToString(v.sum(0, "mark:"+text)[:16])
}

// SuccessorID is the id under which a person goes on whose subject was deleted as a whole. It is
// the same for whoever works it out, and without the key it does not lead back.
func (v *Vault) SuccessorID(subject string) string {
	sum := v.sum(0, "risen:"+subject)[:16]
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum))
}

// sum hashes a text with the key of a generation.
func (v *Vault) sum(generation int, text string) []byte {
	m := hmac.New(sha256.New, v.hash[generation])
	m.Write([]byte(text))
	return m.Sum(nil)
}
