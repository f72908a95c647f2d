package reseal_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
	"github.com/rodopath/rodopath/services/lifecycle/internal/reseal"
	"github.com/rodopath/rodopath/services/lifecycle/internal/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

func vault(t *testing.T, k *identity.Keys) *identity.Vault {
	t.Helper()
	v, err := identity.NewVault(k)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// must returns a value that came without an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func address(i int) []identity.Identity {
	return []identity.Identity{{Kind: identity.KindEmail, Value: fmt.Sprintf("p%d@example.com", i)}}
}

func TestRun_AfterItTheOldKeyIsNotNeeded(t *testing.T) {
	const persons = 700 // more than a batch, and more than a page
	keys := must[*identity.Keys](t)(identity.NewKeys())
	before := vault(t, keys)
	st := must[*sqlitestore.Store](t)(sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db")))
	defer st.Close()
	var changes []store.Change
	for i := range persons {
		s := lifecycle.Subject{ID: fmt.Sprintf("s%04d", i), Revision: "x"}
		s.Sealed = must[[]byte](t)(before.Seal(s.ID, address(i)))
		s.Facts = []lifecycle.Fact{{ID: "f", Proof: must[[]byte](t)(before.SealText("192.0.2.1"))}}
		changes = append(changes, store.Change{Subject: s})
	}
	must[[]error](t)(st.Save(t.Context(), changes))

	rotated := must[*identity.Keys](t)(keys.Rotate())
	var last reseal.Progress
	seal := func() error {
		return reseal.Run(t.Context(), st, vault(t, rotated), func(p reseal.Progress) error { last = p; return nil })
	}
	if err := seal(); err != nil {
		t.Fatal(err)
	}
	if want := (reseal.Progress{Walked: persons, Resealed: persons, Done: true}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
	if err := seal(); err != nil || last.Resealed != 0 {
		t.Errorf("again: %+v, %v", last, err)
	}

	after := vault(t, must[*identity.Keys](t)(rotated.Prune()))
	i := 0
	err := store.Walk(t.Context(), st, func(s *lifecycle.Subject) error {
		names, err := after.Open(s.ID, s.Sealed)
		if err != nil || len(names) != 1 || names[0] != address(i)[0] {
			t.Errorf("%s: %v, %v", s.ID, names, err)
		}
		if _, err := after.ResealText(s.Facts[0].Proof); err != nil {
			t.Errorf("%s: evidence: %v", s.ID, err)
		}
		if _, err := before.Open(s.ID, s.Sealed); err == nil {
			t.Errorf("%s: the old key still opens the names", s.ID)
		}
		i++
		return nil
	})
	if err != nil || i != persons {
		t.Errorf("%d persons, %v", i, err)
	}
	if after.Key(address(1)[0]) != before.Key(address(1)[0]) {
		t.Error("persons are found by other hashes")
	}
}
