package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// faulty is a store in which single changes fail before they are written.
type faulty struct {
	*sqlitestore.Store
	fail func(c *store.Change) error
}

func (f *faulty) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	out := make([]error, len(changes))
	for i := range changes {
		if out[i] = f.fail(&changes[i]); out[i] != nil {
			continue
		}
		errs, err := f.Store.Save(ctx, changes[i:i+1])
		if err != nil {
			return nil, err
		}
		out[i] = errs[0]
	}
	return out, nil
}

func person(id string) lifecycle.Subject {
	return lifecycle.Subject{ID: id, Facts: []fact.Fact{{ID: "f"}}}
}

func stored(t *testing.T, ids ...string) *faulty {
	t.Helper()
	st := &faulty{Store: lifecycletest.Store(t), fail: func(*store.Change) error { return nil }}
	for _, id := range ids {
		if _, err := store.Write(t.Context(), st, []store.Change{{Subject: person(id)}}); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

func rename(revision string) func(lifecycle.Subject) (*store.Change, error) {
	return func(s lifecycle.Subject) (*store.Change, error) {
		s.Revision = revision
		return &store.Change{Subject: s}, nil
	}
}

func revision(t *testing.T, st *faulty, id string) string {
	t.Helper()
	found, err := st.Load(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return found[id].Revision
}

func TestWrite_SeparatesConflictsFromCauses(t *testing.T) {
	st := stored(t, "a", "b", "c")
	full := errors.New("disk full")
	st.fail = func(c *store.Change) error {
		return map[string]error{"a": store.ErrConflict, "b": full}[c.Subject.ID]
	}
	var changes []store.Change
	for _, id := range []string{"a", "b", "c"} {
		s := person(id)
		s.Version, s.Revision = 1, "new"
		changes = append(changes, store.Change{Subject: s})
	}
	conflicts, err := store.Write(t.Context(), st, changes)
	if len(conflicts) != 1 || conflicts[0] != 0 || !errors.Is(err, full) || errors.Is(err, store.ErrConflict) {
		t.Errorf("got conflicts %v and %v, want [0] and %v", conflicts, err, full)
	}
	if got := revision(t, st, "c"); got != "new" {
		t.Errorf("the change without a fault was not saved: %q", got)
	}
}

func TestUpdate_RepeatsAfterAConflictOnTheNewState(t *testing.T) {
	st := stored(t, "a")
	calls := 0
	err := store.Update(t.Context(), st, "a", func(s lifecycle.Subject) (*store.Change, error) {
		if calls++; calls == 1 { // another writer is faster
			if _, err := store.Write(t.Context(), st, []store.Change{{Subject: s}}); err != nil {
				return nil, err
			}
		}
		return rename("new")(s)
	})
	if got := revision(t, st, "a"); err != nil || calls != 2 || got != "new" {
		t.Errorf("got %d calls, revision %q, %v; want 2 calls and new", calls, got, err)
	}
}

func TestUpdate_EndsWithTheCause(t *testing.T) {
	full := errors.New("disk full")
	for name, c := range map[string]struct {
		fail error
		want error
	}{"a permanent error": {full, full}, "conflicts only": {store.ErrConflict, store.ErrConflict}} {
		st := stored(t, "a")
		st.fail = func(*store.Change) error { return c.fail }
		if err := store.Update(t.Context(), st, "a", rename("new")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestUpdate_FollowsRedirectsAndSkipsRemovedSubjects(t *testing.T) {
	st := stored(t, "a", "b")
	redirect := lifecycle.Redirect(lifecycle.Subject{ID: "a", Version: 1}, "b")
	if _, err := store.Write(t.Context(), st, []store.Change{{Subject: redirect}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Update(t.Context(), st, "a", rename("new")); err != nil {
		t.Fatal(err)
	}
	if got := revision(t, st, "b"); got != "new" {
		t.Errorf("got revision %q of the merged subject, want new", got)
	}
	called := func(lifecycle.Subject) (*store.Change, error) { return nil, errors.New("called") }
	if err := store.Update(t.Context(), st, "removed", called); err != nil {
		t.Errorf("a removed subject: %v", err)
	}
}
