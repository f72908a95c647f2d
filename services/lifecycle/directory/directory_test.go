package directory_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// storedKeys are keys as a version stored the keys that knew one writing of an address alone.
func storedKeys(t *testing.T, v *identity.Vault, stored string) []string {
	t.Helper()
	for _, normal := range []string{"ala@xn--w-uga1v8h.example", "o'brien@example.com"} {
		name := identity.Identity{Kind: identity.KindEmail, Value: normal}
		for i, key := range v.FormerKeys(name) {
			if address.Former(normal)[i] == stored {
				return []string{key}
			}
		}
	}
	t.Fatalf("%s is no former writing", stored)
	return nil
}

func TestName_FindsAnAddressInEveryWriting(t *testing.T) {
	st, v := lifecycletest.Store(t), lifecycletest.Vault(t)
	d := &directory.Directory{Store: st, Vault: v}
	for id, stored := range map[string]string{"one": "ala@żółw.example", "two": "o&#039;brien@example.com"} {
		keys := storedKeys(t, v, stored)
		s := lifecycle.Subject{ID: id, Keys: keys, Facts: []fact.Fact{{ID: "f"}}}
		if _, err := store.Write(t.Context(), st, []store.Change{{Subject: s, Claim: keys}}); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"ala@żółw.example": "one", "ALA@xn--w-uga1v8h.example": "one",
		"o'brien@example.com": "two", "o&#039;brien@example.com": "two", `o\'brien@example.com`: "two",
	} {
		name, err := identity.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		s, err := d.Name(t.Context(), name)
		if err != nil || s == nil || s.ID != want {
			t.Errorf("%s: got %v, %v; want %s", text, s, err, want)
		}
	}
}
