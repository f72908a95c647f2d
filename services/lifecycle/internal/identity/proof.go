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
// only one of them cannot. It is of the generation in which the decision was sent.
func (v *Vault) ProofKey(decision string, generation int) string {
	if generation < 0 || generation > v.Generation() {
		return "" // it was sent under keys that are not ours
	}
	return base64.RawURLEncoding.EncodeToString(v.sum(generation, "proof:"+decision)[:16])
}

// SigningKeys sign certificates: the one that signs now, and behind it those that signed
// before. They are made of the hash keys, so they need no care of their own.
func (v *Vault) SigningKeys() []ed25519.PrivateKey {
	var out []ed25519.PrivateKey
	for g := v.Generation(); g >= 0; g-- {
		out = append(out, ed25519.NewKeyFromSeed(v.sum(g, "certificates")))
	}
	return out
}

// StreamKey is the key of streams that are written to the disk. It is of the first hash
// key for ever: NATS cannot encrypt anew how far consumers are.
func (v *Vault) StreamKey() string { return base64.RawURLEncoding.EncodeToString(v.sum(0, "streams")) }

// pageSum is how many bytes of a page's token are a keyed hash.
const pageSum = 16

// PageToken is a token for the page that asks a person the question of a decision. It
// cannot be guessed, leads to this question alone and says nothing by itself.
func (v *Vault) PageToken(decision string) string { return v.pageToken(decision, v.Generation()) }

func (v *Vault) pageToken(decision string, generation int) string {
	return base64.RawURLEncoding.EncodeToString(v.sum(generation, "page:"+decision)[:pageSum]) + strings.TrimPrefix(decision, decisionPrefix)
}

const decisionPrefix = "dec_"

// PageDecision returns the decision that a token is for, the generation in which the
// token was made, and whether it is ours at all.
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
