package mongostore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/internal/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// TestStore_Save_CutConnection breaks the connection at every write of a life
// in turn: before and after the server has carried it out. The driver sends the
// write again, and the outcome must be the same as if nothing had happened.
func TestStore_Save_CutConnection(t *testing.T) {
	writes := cutAt(t, 0, mongowire.None)
	if writes < 10 {
		t.Fatalf("a life takes only %d writes", writes)
	}
	for n := 1; n <= writes; n++ {
		t.Run(fmt.Sprintf("before write %d", n), func(t *testing.T) {
			t.Parallel()
			cutAt(t, n, mongowire.CutBefore)
		})
		t.Run(fmt.Sprintf("after write %d", n), func(t *testing.T) {
			t.Parallel()
			cutAt(t, n, mongowire.CutAfter)
		})
	}
}

// cutAt runs a life with a fault at one write, and returns how many writes came.
func cutAt(t *testing.T, n int, fault mongowire.Fault) int {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	var writes atomic.Int32
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if isWrite(c.Name) && int(writes.Add(1)) == n {
			return fault
		}
		return mongowire.None
	})
	live(t, st)
	return int(writes.Load())
}

// live takes two subjects through everything: they are created, changed, merged
// and removed.
func live(t *testing.T, st *mongostore.Store) {
	t.Helper()
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")), create(subject("c", "key-c")))
	a, b, c := mustLoad(t, st, "a"), mustLoad(t, st, "b"), mustLoad(t, st, "c")
	c.Revision = "r2"
	mustSave(t, st, merge(a, b), store.Change{Subject: c})
	if got := mustLoad(t, st, "b"); got.MergedInto != "a" || got.Version != 2 {
		t.Errorf("b is %+v", got)
	}
	if got := mustLoad(t, st, "c"); got.Revision != "r2" || got.Version != 2 {
		t.Errorf("c is %+v", got)
	}
	a = mustLoad(t, st, "a")
	if len(a.Facts) != 2 || a.Version != 2 {
		t.Errorf("a is %+v", a)
	}
	for key, owner := range map[string]string{"key-a": "a", "key-b": "a", "key-c": "c"} {
		wantOwner(t, st, key, owner)
	}
	thief := create(subject("d", "key-d", "key-c"))
	mustConflict(t, st, thief)
	wantOwner(t, st, "key-d", "")
	mustSave(t, st, store.Change{Subject: emptied(a)})
	for _, id := range []string{"a", "b"} {
		if _, ok := load(t, st, id); ok {
			t.Errorf("%s is still stored", id)
		}
		wantOwner(t, st, "key-"+id, "")
	}
}

// TestStore_Save_SentTwice has a server carry out a write again that it has
// carried out before: the store must still see that the write was its own.
func TestStore_Save_SentTwice(t *testing.T) {
	for _, c := range []struct{ name, collection string }{
		{"insert", "identities"}, {"insert", "subjects"}, {"update", "subjects"}, {"update", "identities"},
	} {
		t.Run(c.name+" "+c.collection, func(t *testing.T) {
			t.Parallel()
			srv := listen(t, mongowire.Options{Forgetful: true})
			st := open(t, newClock().opts(srv.URI()))
			cut := once(srv, c.name, c.collection, func() mongowire.Fault { return mongowire.CutAfter })
			live(t, st)
			if !cut.Load() {
				t.Error("nothing was sent twice")
			}
		})
	}
}

func TestStore_Save_NoMajority(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, collection string }{{"insert", "identities"}, {"insert", "subjects"}} {
		srv := listen(t, mongowire.Options{})
		st := open(t, newClock().opts(srv.URI()))
		always(srv, c.name, c.collection, mongowire.NoMajority)
		if _, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-a"))}); err == nil {
			t.Errorf("%s into %s: what no majority has is taken as stored", c.name, c.collection)
		}
	}
}

// TestStore_Save_CrashAfterClaim ends a save between its claims and its subject.
func TestStore_Save_CrashAfterClaim(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	clock := newClock()
	st := open(t, clock.opts(srv.URI()))
	always(srv, "insert", "subjects", mongowire.CutBefore)
	if _, err := st.Save(t.Context(), []store.Change{create(subject("crashed", "key"))}); err == nil || !strings.Contains(err.Error(), "save 1 subjects") {
		t.Fatalf("got %v, want an error of the store", err)
	}
	srv.Hook(nil)
	wantOwner(t, st, "key", "crashed")
	clock.pass(59 * time.Second)
	mustConflict(t, st, create(subject("next", "key")))
	wantOwner(t, st, "key", "crashed")
	clock.pass(2 * time.Second)
	mustSave(t, st, create(subject("next", "key")))
	wantOwner(t, st, "key", "next")
}

// TestStore_Save_CrashAfterRedirect ends a merge before the keys have moved.
func TestStore_Save_CrashAfterRedirect(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")))
	always(srv, "update", "identities", mongowire.CutBefore)
	if _, err := st.Save(t.Context(), []store.Change{merge(mustLoad(t, st, "a"), mustLoad(t, st, "b"))}); err == nil {
		t.Fatal("no error")
	}
	srv.Hook(nil)
	wantOwner(t, st, "key-b", "b")
	if got := mustLoad(t, st, "b"); got.MergedInto != "a" {
		t.Fatalf("b is %+v", got)
	}
	// Whoever goes must leave no key behind, wherever it leads.
	mustSave(t, st, store.Change{Subject: emptied(mustLoad(t, st, "a"))})
	wantOwner(t, st, "key-a", "")
	wantOwner(t, st, "key-b", "")
}

func TestStore_Save_TooLarge(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	large := subject("large", "key-large")
	large.Sealed = make([]byte, 17<<20)
	errs, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-a")), create(large), create(subject("b", "key-b"))})
	if err != nil || errs[0] != nil || errs[1] == nil || errors.Is(errs[1], store.ErrConflict) || errs[2] != nil {
		t.Errorf("got %v, %v", errs, err)
	}
	wantOwner(t, st, "key-large", "")
	wantOwner(t, st, "key-b", "b")
}

func TestStore_Save_SameSubjectTwice(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	errs, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-1")), create(subject("a", "key-2"))})
	if err != nil || errs[0] != nil || !errors.Is(errs[1], store.ErrConflict) {
		t.Errorf("got %v, %v", errs, err)
	}
	wantOwner(t, st, "key-1", "a")
	wantOwner(t, st, "key-2", "")
}

func TestStore_Save_GoneTogether(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")), create(subject("c", "key-c")))
	a, b, c := mustLoad(t, st, "a"), mustLoad(t, st, "b"), mustLoad(t, st, "c")
	mustSave(t, st, store.Change{Subject: emptied(c)})
	late := b
	late.Revision = "r2"
	mustSave(t, st, store.Change{Subject: late})
	errs, err := st.Save(t.Context(), []store.Change{{Subject: emptied(a)}, {Subject: emptied(b)}, {Subject: emptied(c)}, {Subject: emptied(lifecycle.Subject{ID: "never"})}})
	if err != nil || errs[0] != nil || !errors.Is(errs[1], store.ErrConflict) || !errors.Is(errs[2], store.ErrConflict) || errs[3] != nil {
		t.Errorf("got %v, %v", errs, err)
	}
	wantOwner(t, st, "key-a", "")
	wantOwner(t, st, "key-b", "b")
}

// TestStore_Save_GoneOnMerge merges two subjects of whom nothing is left: none
// of the two may stay.
func TestStore_Save_GoneOnMerge(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")))
	c := merge(mustLoad(t, st, "a"), mustLoad(t, st, "b"))
	c.Subject = emptied(c.Subject)
	mustSave(t, st, c)
	for _, id := range []string{"a", "b"} {
		if s, ok := load(t, st, id); ok {
			t.Errorf("still stored: %+v", s)
		}
		wantOwner(t, st, "key-"+id, "")
	}
}
