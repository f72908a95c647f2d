// Package identity keeps the names of persons: as keyed hashes, to find a person
// by, and sealed, to tell other systems who is meant.
package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Identity is one name of a person.
type Identity struct {
	// Kind is "email" or a platform; Value the address or the platform's id.
	Kind  string `json:"k"`
	Value string `json:"v"`
}

// KindEmail is the kind of an e-mail address.
const KindEmail = "email"

// Normal returns the identity as it is compared: an address in lower case,
// without space around it. Nothing else is folded; a dot is a dot.
func (i Identity) Normal() Identity {
	i.Value = strings.TrimSpace(i.Value)
	if i.Kind == KindEmail {
		i.Value = strings.ToLower(i.Value)
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

// String writes the identity as people do, and as Parse reads it.
func (i Identity) String() string {
	if i.Kind == KindEmail {
		return i.Value
	}
	return i.Kind + ":" + i.Value
}

// Keys are the secrets of a Vault as they are kept in a file. Whoever has them
// and the store can read addresses; without them neither hashes nor sealed
// addresses say anything.
type Keys struct {
	// Hash is the first key of the hashes. It stays for ever: later keys stand on it.
	Hash []byte `json:"hash"`
	// Later are the keys that came after it, oldest first. Each hashes again what the
	// one before has hashed, so that hashes can be replaced whose names have gone.
	Later [][]byte `json:"later,omitempty"`
	// Behind tells that stored hashes may lack the last of Later.
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
	hash   [][]byte
	behind bool
	aead   tink.AEAD
	// prefix is in front of what the newest key seals.
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
	return &Vault{hash: hash, behind: k.Behind, aead: primitive, prefix: sample[:prefixed]}, nil
}

// Seal encrypts identities so that only the vault can read them, and only as
// those of the given subject.
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

// Open reads what Seal wrote. Nothing sealed is no identities.
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

// evidence is what a sealed piece of evidence is bound to.
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

// Join returns both lists, each identity once, in the order they came.
func Join(have, more []Identity) []Identity {
	out := slices.Clone(have)
	for _, i := range more {
		if i = i.Normal(); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}
