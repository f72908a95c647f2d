package apply_test

import (
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// rekeyed returns the bench as it is once the keys were replaced.
func (b *bench) rekeyed(keys *identity.Keys) *bench {
	b.t.Helper()
	vault, err := identity.NewVault(keys)
	if err != nil {
		b.t.Fatal(err)
	}
	return &bench{
		Applier: applier(b.store, vault, lifecycletest.Policy(b.t)),
		t:       b.t,
		store:   b.store,
		vault:   vault,
		n:       b.n,
	}
}

func TestApply_WhileTheKeysAreReplacedEverybodyIsFoundByEitherHash(t *testing.T) {
	keys, err := identity.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	before := newBench(t).rekeyed(keys)
	before.apply(
		before.fact(factv1.Kind_KIND_SIGNUP, "", "ala@example.com"),
		before.fact(factv1.Kind_KIND_SALE, "order-1", "ala@example.com", "~stripe:pi_1"),
	)
	_, id := before.who("ala@example.com")
	next, err := keys.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	during := before.rekeyed(next)
	during.apply(
		during.fact(factv1.Kind_KIND_REFUND, "order-1", "~stripe:pi_1"),             // by the thing alone
		during.fact(factv1.Kind_KIND_SIGNUP, "", "ala@example.com", "stripe:cus_1"), // by the name, with a new one
		during.fact(factv1.Kind_KIND_SIGNUP, "", "ola@example.com"),                 // somebody new
	)
	for _, name := range []string{"ala@example.com", "stripe:cus_1", "~stripe:pi_1"} {
		if _, got := during.who(name); got != id {
			t.Errorf("%s leads to %q, want %q", name, got, id)
		}
	}
	s, _ := during.who("ala@example.com")
	if len(s.Facts) != 4 {
		t.Errorf("%d facts, want 4", len(s.Facts))
	}
	for _, f := range s.Facts {
		if f.Address != "" && during.vault.Outdated(f.Address) {
			t.Errorf("the address of %s is still the old hash: consents of one address would count for another", f.ID)
		}
	}
	if _, got := during.who("ola@example.com"); got == "" || got == id {
		t.Errorf("somebody new is %q", got)
	}
}
