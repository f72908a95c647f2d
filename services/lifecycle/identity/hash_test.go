package identity

import (
	"slices"
	"testing"
)

// rotated returns vaults of the same keys: as made, while they are being replaced and
// afterwards.
func rotated(t *testing.T) (first, during, after *Vault) {
	t.Helper()
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	next, err := keys.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	if rotating, err := next.Rotating(); err != nil || !rotating {
		t.Fatalf("rotating: %v, %v", rotating, err)
	}
	done, err := next.Prune()
	if err != nil {
		t.Fatal(err)
	}
	if rotating, err := done.Rotating(); err != nil || rotating {
		t.Fatalf("still rotating: %v, %v", rotating, err)
	}
	var out [3]*Vault
	for i, k := range []*Keys{keys, next, done} {
		if out[i], err = NewVault(k); err != nil {
			t.Fatal(err)
		}
	}
	return out[0], out[1], out[2]
}

func TestVault_ANewHashKeyReplacesHashesWhoseNamesAreGone(t *testing.T) {
	first, during, after := rotated(t)
	ala := Identity{KindEmail, "ala@example.com"}
	old := first.Key(ala)
	if got, want := during.Keys(ala), []string{after.Key(ala), old}; !slices.Equal(got, want) {
		t.Errorf("while it is replaced %v, want %v", got, want)
	}
	if got := after.Current(old); got != after.Key(ala) || got == old || !IsPersonKey(got) {
		t.Errorf("%s has become %s, want %s", old, got, after.Key(ala))
	}
	if got := after.Keys(ala); len(got) != 1 {
		t.Errorf("afterwards the old hash is still looked for: %v", got)
	}
	locator := first.LocatorKey("stripe:pi_1")
	if got := after.Current(locator); got != after.LocatorKey("stripe:pi_1") || IsPersonKey(got) {
		t.Errorf("%s has become %s", locator, got)
	}
	for key, outdated := range map[string]bool{old: true, locator: true, after.Key(ala): false, "": false} {
		if after.Outdated(key) != outdated {
			t.Errorf("%q is outdated: %v, want %v", key, !outdated, outdated)
		}
	}
	if after.Mark("fact") != first.Mark("fact") {
		t.Error("a mark changed: what is buried would come back")
	}
}

func TestVault_WhoHasOnlyTheFirstKeysFindsNobodyAfterwards(t *testing.T) {
	first, _, after := rotated(t)
	ala := Identity{KindEmail, "ala@example.com"}
	stranger, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	forged, err := NewVault(&Keys{Hash: first.hash[0], Later: [][]byte{stranger.Hash}, Sealing: stranger.Sealing})
	if err != nil {
		t.Fatal(err)
	}
	if forged.Key(ala) == after.Key(ala) || forged.PageToken("dec_1") == after.PageToken("dec_1") {
		t.Error("the second key makes no difference")
	}
}

func TestVault_WhatWasHandedOutBeforeARotationStillHolds(t *testing.T) {
	first, _, after := rotated(t)
	const decision = "dec_aaycdaoyjcrjzxmb3wfrssdy"
	if got := after.ProofKey(decision, 0); got != first.ProofKey(decision, 0) || got == after.ProofKey(decision, 1) {
		t.Error("names of decisions from before cannot be told")
	}
	if got := first.ProofKey(decision, 1); got != "" {
		t.Errorf("a key of a generation that is not ours: %q", got)
	}
	for want, token := range []string{first.PageToken(decision), after.PageToken(decision)} {
		if got, generation, ours := after.PageDecision(token); got != decision || generation != want || !ours {
			t.Errorf("page of generation %d: %s, %d, %v", want, got, generation, ours)
		}
	}
	if keys := after.SigningKeys(); len(keys) != 2 || !keys[1].Equal(first.SigningKeys()[0]) || keys[0].Equal(keys[1]) {
		t.Error("certificates from before cannot be checked")
	}
}

func TestVault_StreamsKeepTheirKey(t *testing.T) {
	first, during, after := rotated(t)
	if key := first.StreamKey(); during.StreamKey() != key || after.StreamKey() != key || vault(t).StreamKey() == key {
		t.Error("streams cannot be read after a rotation")
	}
}

func TestVault_AKeyThatIsNoneOfOursIsNotHashedAgain(t *testing.T) {
	_, _, after := rotated(t)
	for _, key := range []string{".", "p.", "p9.x", "px.y", "p-1.x"} {
		if got := after.Current(key); got != key {
			t.Errorf("%q has become %q", key, got)
		}
	}
}
