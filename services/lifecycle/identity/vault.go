// Package identity stores the names of persons as keyed hashes, to find subjects, and sealed, for
// notifying recipients.
package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rodopath/rodopath/services/internal/address"
)

// Identity is one name of a person.
type Identity struct {
	// Kind is "email" or a platform; Value the address or the platform's id.
	Kind  string `json:"k"`
	Value string `json:"v"`
}

// KindEmail is the kind of an e-mail address.
const KindEmail = "email"

// Normal returns the identity in normal form: an address in its one writing (address.Normal), another
// name without surrounding space.
func (i Identity) Normal() Identity {
	i.Value = strings.TrimSpace(i.Value)
	if i.Kind == KindEmail {
		i.Value = address.Normal(i.Value)
	}
	return i
}

// Parse reads a person as people write one: an e-mail address, or an identity
// such as "stripe:cus_123".
func Parse(person string) (Identity, error) {
	person = strings.TrimSpace(person)
	kind, value, ok := strings.Cut(person, ":")
	switch {
	case ok && kind != "" && value != "" && !strings.Contains(kind, "@"):
		return Identity{Kind: kind, Value: value}.Normal(), nil
	case strings.Count(person, "@") == 1:
		return Identity{Kind: KindEmail, Value: person}.Normal(), nil
	}
	return Identity{}, errors.New("a person is an e-mail address, or an identity such as stripe:cus_123")
}

// String formats the identity as accepted by Parse.
func (i Identity) String() string {
	if i.Kind == KindEmail {
		return i.Value
	}
	return i.Kind + ":" + i.Value
}

// Keys are the secrets of a Vault, as stored in a file. The keys together with the store reveal
// addresses; the store alone does not.
type Keys struct {
	// Hash is the first hash key. The key is kept permanently, because later keys build on it.
	Hash []byte `json:"hash"`
	// Later are the later hash keys, oldest first. Each key hashes the output of the key before, so
	// that a hash can be replaced without its name.
	Later [][]byte `json:"later,omitempty"`
	// Behind reports whether stored hashes may lack the last key of Later.
	Behind bool `json:"behind,omitempty"`
	// Sealing is a Tink keyset in JSON, for AEAD.
	Sealing json.RawMessage `json:"sealing"`
}

// NewKeys makes new random keys.
func NewKeys() (*Keys, error) {
	k := &Keys{Hash: newHashKey()}
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	k.Sealing, err = writeKeyset(handle)
	return k, err
}

func writeKeyset(h *keyset.Handle) ([]byte, error) {
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("write sealing keyset: %w", err)
	}
	return out.Bytes(), nil
}

// Vault hashes and seals identities.
type Vault struct {
	// hash are the keys of the hashes, oldest first.
	hash [][]byte
	// macs are hashes under the keys that are used again, in the same order.
	macs   []sync.Pool
	behind bool
	aead   tink.AEAD
	// prefix is the prefix of data sealed with the current key.
	prefix []byte
}

// NewVault opens a vault with keys.
func NewVault(k *Keys) (*Vault, error) {
	hash, err := k.hashing()
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	handle, err := k.sealing()
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	sample, err := primitive.Encrypt(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return &Vault{
		hash: hash, macs: make([]sync.Pool, len(hash)), behind: k.Behind, aead: primitive, prefix: sample[:prefixed],
	}, nil
}

// Seal encrypts identities and binds the ciphertext to the subject.
func (v *Vault) Seal(subject string, identities []Identity) ([]byte, error) {
	plain, err := json.Marshal(identities)
	if err != nil {
		return nil, fmt.Errorf("seal identities: %w", err)
	}
	sealed, err := v.aead.Encrypt(plain, []byte(subject))
	if err != nil {
		return nil, fmt.Errorf("seal identities: %w", err)
	}
	return sealed, nil
}

// Open decrypts the identities of a subject. Empty input yields no identities.
func (v *Vault) Open(subject string, sealed []byte) ([]Identity, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := v.aead.Decrypt(sealed, []byte(subject))
	if err != nil {
		return nil, fmt.Errorf("open identities of %s: %w", subject, err)
	}
	var out []Identity
	if err := json.Unmarshal(plain, &out); err != nil {
		return nil, fmt.Errorf("open identities of %s: %w", subject, err)
	}
	return out, nil
}

// evidence is the binding of sealed evidence.
const evidence = "evidence"

// SealText encrypts a piece of evidence for a subject-less fact.
func (v *Vault) SealText(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	sealed, err := v.aead.Encrypt([]byte(text), []byte(evidence))
	if err != nil {
		return nil, fmt.Errorf("seal evidence: %w", err)
	}
	return sealed, nil
}

// OpenText decrypts a text that SealText encrypted.
func (v *Vault) OpenText(sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := v.aead.Decrypt(sealed, []byte(evidence))
	if err != nil {
		return "", fmt.Errorf("open text: %w", err)
	}
	return string(plain), nil
}

// Join returns the identities of both lists in order, without duplicates.
func Join(have, more []Identity) []Identity {
	out := slices.Clone(have)
	for _, i := range more {
		if i = i.Normal(); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}
