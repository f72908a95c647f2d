package identity

import (
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"strings"
)

// DecisionLocator is the locator of a decision, which leads to its person.
func DecisionLocator(decision string) string { return "decision:" + decision }

// ProofKey returns the key of the hashed names in a notice or certificate. The key together with a
// name verifies that the decision concerned the name; the key alone or the name alone does not. The
// generation is the one at publication.
func (v *Vault) ProofKey(decision string, generation int) string {
	if generation < 0 || generation > v.Generation() {
		return "" // published under unknown keys
	}
	return base64.RawURLEncoding.EncodeToString(v.sum(generation, "proof:"+decision)[:16])
}

// SigningKeys returns the keys that sign certificates: the current key, then the former ones. The
// keys derive from the hash keys and need no storage of their own.
func (v *Vault) SigningKeys() []ed25519.PrivateKey {
	var out []ed25519.PrivateKey
	for g := v.Generation(); g >= 0; g-- {
		out = append(out, ed25519.NewKeyFromSeed(v.sum(g, "certificates")))
	}
	return out
}

// StreamKey returns the encryption key of streams on disk. The key derives from the first hash key
// and never changes, because NATS cannot re-encrypt the state of consumers.
func (v *Vault) StreamKey() string { return base64.RawURLEncoding.EncodeToString(v.sum(0, "streams")) }

// pageSum is the number of hash bytes in the token of a page.
const pageSum = 16

// PageToken returns the token of the consent page of a decision. The token cannot be guessed and
// opens a single question.
func (v *Vault) PageToken(decision string) string { return v.pageToken(decision, v.Generation()) }

func (v *Vault) pageToken(decision string, generation int) string {
	return base64.RawURLEncoding.EncodeToString(
		v.sum(generation, "page:"+decision)[:pageSum],
	) + strings.TrimPrefix(
		decision,
		decisionPrefix,
	)
}

const decisionPrefix = "dec_"

// PageDecision returns the decision and the generation of a token; ours reports whether the token
// is valid.
func (v *Vault) PageDecision(token string) (decision string, generation int, ours bool) {
	n := base64.RawURLEncoding.EncodedLen(pageSum)
	if len(token) <= n {
		return "", 0, false
	}
	decision = decisionPrefix + token[n:]
	for g := v.Generation(); g >= 0; g-- {
		if hmac.Equal([]byte(v.pageToken(decision, g)), []byte(token)) {
			return decision, g, true
		}
	}
	return "", 0, false
}
