package identity

import (
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"strings"
)

// DecisionLocator is the name by which a decision leads to the person it is about.
func DecisionLocator(decision string) string { return "decision:" + decision }

// ProofKey is the key of the hashes that stand for names in what is kept of a decision:
// who has it and a name can tell whether the decision was about that name, and who has
// only one of them cannot.
func (v *Vault) ProofKey(decision string) string {
	return base64.RawURLEncoding.EncodeToString(v.sum("proof:" + decision)[:16])
}

// SigningKey signs certificates. It is made of the hash key, so it needs no care of
// its own, and signs the same for ever.
func (v *Vault) SigningKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(v.sum("certificates")) }

// StreamKey is the key of streams that are written to the disk.
func (v *Vault) StreamKey() string { return base64.RawURLEncoding.EncodeToString(v.sum("streams")) }

// pageSum is how many bytes of a page's token are a keyed hash.
const pageSum = 16

// PageToken is a token for the page that asks a person the question of a decision. It
// cannot be guessed, leads to this question alone and says nothing by itself.
func (v *Vault) PageToken(decision string) string {
	return base64.RawURLEncoding.EncodeToString(v.sum("page:" + decision)[:pageSum]) + strings.TrimPrefix(decision, decisionPrefix)
}

const decisionPrefix = "dec_"

// PageDecision returns the decision that a token is for, and whether the token is ours.
func (v *Vault) PageDecision(token string) (string, bool) {
	n := base64.RawURLEncoding.EncodedLen(pageSum)
	if len(token) <= n {
		return "", false
	}
	decision := decisionPrefix + token[n:]
	return decision, hmac.Equal([]byte(v.PageToken(decision)), []byte(token))
}
