package identity

import (
	"strings"
	"testing"
)

func TestPageToken_LeadsToItsDecisionAndCannotBeMadeWithoutTheKey(t *testing.T) {
	v, other := vault(t), vault(t)
	const decision = "dec_aaycdaoyjcrjzxmb3wfrssdy"
	token := v.PageToken(decision)
	if got, _, ours := v.PageDecision(token); !ours || got != decision {
		t.Errorf("got %q, %v", got, ours)
	}
	if v.PageToken(decision) != token {
		t.Error("a decision has two tokens")
	}
	for name, forged := range map[string]string{
		"empty": "", "another vault's": other.PageToken(decision), "another decision's": token[:22] + strings.Repeat("a", 24),
		"cut": token[:len(token)-1], "longer": token + "a", "the decision alone": strings.TrimPrefix(decision, "dec_"), "changed": "A" + token[1:],
	} {
		if _, _, ours := v.PageDecision(forged); ours && forged != token {
			t.Errorf("%s: the token was taken", name)
		}
	}
}

func TestProofKey_IsTheDecisionsOwn(t *testing.T) {
	v := vault(t)
	again := v.ProofKey("dec_1", 0)
	if v.ProofKey("dec_1", 0) != again || again == v.ProofKey("dec_2", 0) || again == v.Mark("dec_1") {
		t.Error("keys of proofs are not each decision's own")
	}
	if key := v.SigningKeys()[0]; !key.Equal(v.SigningKeys()[0]) || key.Equal(vault(t).SigningKeys()[0]) {
		t.Error("the signing key is not the vault's own")
	}
}
