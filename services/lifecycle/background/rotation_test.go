package background_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
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

func TestRun_AfterItTheOldKeysAreNotNeeded(t *testing.T) {
	const persons = 700 // more than a batch, and more than a page
	keys := must[*identity.Keys](t)(identity.NewKeys())
	before := vault(t, keys)
	st := must[*sqlitestore.Store](t)(sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db")))
	defer st.Close()
	var changes []store.Change
	for i := range persons {
		s := lifecycle.Subject{ID: fmt.Sprintf("s%04d", i), Revision: "x"}
		s.Sealed = must[[]byte](t)(before.Seal(s.ID, address(i)))
		s.Keys = []string{before.Key(address(i)[0]), before.LocatorKey("order:" + s.ID)}
		s.Facts = []fact.Fact{
			{ID: "f", Proof: must[[]byte](t)(before.SealText("192.0.2.1")), Address: s.Keys[0], By: []string{s.Keys[0]}},
		}
		s.Apart = []string{s.Keys[0]}
		changes = append(changes, store.Change{Subject: s, Claim: s.Keys})
	}
	must[[]error](t)(st.Save(t.Context(), changes))

	rotated := must[*identity.Keys](t)(keys.Rotate())
	var last background.RotationProgress
	seal := func() error {
		return background.RotateKeys(
			t.Context(),
			st,
			vault(t, rotated),
			func(p background.RotationProgress) error { last = p; return nil },
		)
	}
	if err := seal(); err != nil {
		t.Fatal(err)
	}
	if want := (background.RotationProgress{Walked: persons, Resealed: persons, Done: true}); last != want {
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
		if _, err := after.ReencryptText(s.Facts[0].Proof); err != nil {
			t.Errorf("%s: evidence: %v", s.ID, err)
		}
		if _, err := before.Open(s.ID, s.Sealed); err == nil {
			t.Errorf("%s: the old key still opens the names", s.ID)
		}
		found(
			t,
			st,
			s.ID,
			before.Key(address(i)[0]),
			before.LocatorKey("order:"+s.ID),
			after.Key(address(i)[0]),
			after.LocatorKey("order:"+s.ID),
		)
		now := after.Key(address(i)[0])
		if s.Facts[0].Address != now || s.Facts[0].By[0] != now || s.Apart[0] != now || len(s.Keys) != 2 {
			t.Errorf("%s: address %s, keys %v", s.ID, s.Facts[0].Address, s.Keys)
		}
		i++
		return nil
	})
	if err != nil || i != persons {
		t.Errorf("%d persons, %v", i, err)
	}
}

// found fails unless the last two of four keys lead to a subject, and the first two nowhere.
func found(t *testing.T, st *sqlitestore.Store, id string, keys ...string) {
	t.Helper()
	owners := must[map[string]string](t)(st.Lookup(t.Context(), keys))
	if want := map[string]string{keys[2]: id, keys[3]: id}; !maps.Equal(owners, want) {
		t.Errorf("found %v, want %v", owners, want)
	}
}

// meanwhile is a store into which somebody else writes before a save.
type meanwhile struct {
	*sqlitestore.Store
	write func()
}

func (m *meanwhile) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	if m.write != nil {
		m.write()
		m.write = nil
	}
	return m.Store.Save(ctx, changes)
}

func TestRun_TakesWhatWasWrittenMeanwhileInAnotherPass(t *testing.T) {
	keys := must[*identity.Keys](t)(identity.NewKeys())
	before := vault(t, keys)
	during := vault(t, must[*identity.Keys](t)(keys.Rotate()))
	st := must[*sqlitestore.Store](t)(sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db")))
	defer st.Close()
	person := func(id string, n int) lifecycle.Subject {
		return lifecycle.Subject{
			ID:       id,
			Keys:     []string{before.Key(address(n)[0])},
			Facts:    []fact.Fact{{ID: id}},
			Revision: "x",
		}
	}
	a, b := person("a", 1), person("b", 2)
	must[[]error](t)(st.Save(t.Context(), []store.Change{{Subject: a, Claim: a.Keys}, {Subject: b, Claim: b.Keys}}))
	m := &meanwhile{Store: st, write: func() {
		stored := must[map[string]lifecycle.Subject](t)(st.Load(t.Context(), []string{"a", "b"}))
		into := lifecycle.Merge(stored["a"], stored["b"])
		must[[]error](
			t,
		)(
			st.Save(
				t.Context(),
				[]store.Change{{Subject: into, Claim: b.Keys, Redirect: []lifecycle.Subject{lifecycle.Redirect(stored["b"], "a")}}},
			),
		)
	}}
	var last background.RotationProgress
	if err := background.RotateKeys(
		t.Context(),
		m,
		during,
		func(p background.RotationProgress) error { last = p; return nil },
	); err != nil ||
		!last.Done {
		t.Fatalf("%+v, %v", last, err)
	}
	s := must[map[string]lifecycle.Subject](t)(st.Load(t.Context(), []string{"a"}))["a"]
	if len(s.Keys) != 2 || during.Outdated(s.Keys[0]) || during.Outdated(s.Keys[1]) {
		t.Errorf("keys %v", s.Keys)
	}
	found(
		t,
		st,
		"a",
		before.Key(address(1)[0]),
		before.Key(address(2)[0]),
		during.Key(address(1)[0]),
		during.Key(address(2)[0]),
	)
}

// fullDisk is a store in which one subject cannot be written.
type fullDisk struct {
	*sqlitestore.Store
	subject string
}

var errFull = errors.New("disk full")

func (f *fullDisk) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	errs, err := f.Store.Save(ctx, changes)
	for i := range changes {
		if changes[i].Subject.ID == f.subject {
			errs[i] = errFull
		}
	}
	return errs, err
}

func TestRun_EndsWithTheCauseWhenASubjectCannotBeWritten(t *testing.T) {
	keys := must[*identity.Keys](t)(identity.NewKeys())
	before := vault(t, keys)
	st := must[*sqlitestore.Store](t)(sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db")))
	defer st.Close()
	s := lifecycle.Subject{
		ID:       "s1",
		Revision: "x",
		Keys:     []string{before.Key(address(1)[0])},
		Facts:    []fact.Fact{{ID: "f"}},
	}
	must[[]error](t)(st.Save(t.Context(), []store.Change{{Subject: s, Claim: s.Keys}}))
	rotated := vault(t, must[*identity.Keys](t)(keys.Rotate()))
	err := background.RotateKeys(
		t.Context(),
		&fullDisk{st, "s1"},
		rotated,
		func(background.RotationProgress) error { return nil },
	)
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "s1") {
		t.Errorf("got %v, want %v with the id of the subject", err, errFull)
	}
}
