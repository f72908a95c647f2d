package mongostore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestStore_CutConnection breaks the connection at every write of a life
// in turn: before and after the server has carried it out. The driver sends the
// write again, and the outcome must be the same as if nothing had happened.
func TestStore_CutConnection(t *testing.T) {
	for _, parts := range []bool{false, true} {
		writes := cutAt(t, 0, mongowire.FaultNone, parts)
		if writes < 10 {
			t.Fatalf("a life takes only %d writes", writes)
		}
		for n := 1; n <= writes; n++ {
			t.Run(fmt.Sprintf("before write %d, in parts %v", n, parts), func(t *testing.T) {
				t.Parallel()
				cutAt(t, n, mongowire.FaultCutBefore, parts)
			})
			t.Run(fmt.Sprintf("after write %d, in parts %v", n, parts), func(t *testing.T) {
				t.Parallel()
				cutAt(t, n, mongowire.FaultCutAfter, parts)
			})
		}
	}
}

// cutAt runs a life with a fault at one write, and returns how many writes came.
func cutAt(t *testing.T, n int, fault mongowire.Fault, parts bool) int {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	if parts {
		st.CutShort()
	}
	var writes atomic.Int32
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if isWrite(c.Name) && int(writes.Add(1)) == n {
			return fault
		}
		return mongowire.FaultNone
	})
	live(t, st)
	return int(writes.Load())
}

// live takes two subjects through everything: they are created, changed, merged
// and removed, with what is noted of them.
func live(t *testing.T, st *mongostore.Store) {
	t.Helper()
	adopt(t, st)
	keepJournal(t, st)
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

// adopt adopts a policy.
func adopt(t *testing.T, st *mongostore.Store) {
	t.Helper()
	p := store.Policy{Revision: "r1", From: noon(), Text: "text"}
	if err := st.AddPolicy(t.Context(), p); err != nil {
		t.Errorf("adopt: %v", err)
	}
	if got, err := st.Policies(t.Context()); err != nil || len(got) != 1 || got[0] != p {
		t.Errorf("policies are %+v, %v", got, err)
	}
}

// keepJournal has entries appended, refused and pruned.
func keepJournal(t *testing.T, st *mongostore.Store) {
	t.Helper()
	a, b := journal(t, "a", 3), journal(t, "b", 2)
	mustAppend(t, st, a[0], b[0], b[1], a[1], a[2])
	other := a[1]
	other.Hash = "another"
	c := journal(t, "c", 1)
	errs, err := st.Append(t.Context(), []chain.Entry{other, a[2], c[0]})
	if err != nil || !errors.Is(errs[0], store.ErrConflict) || !errors.Is(errs[1], store.ErrConflict) || errs[2] != nil {
		t.Errorf("got %v, %v", errs, err)
	}
	wantEntries(t, st, "a", a)
	wantEntries(t, st, "b", b)
	if n, err := st.Prune(t.Context(), noon().Add(2*time.Hour), 10); err != nil || n != 5 {
		t.Errorf("%d entries were pruned, %v, want 5", n, err)
	}
	wantEntries(t, st, "a", a[2:])
	wantEntries(t, st, "b", nil)
	wantEntries(t, st, "c", nil)
}

// TestStore_SentTwice has a server carry out a write again that it has
// carried out before: the store must still see that the write was its own.
func TestStore_SentTwice(t *testing.T) {
	for _, c := range []struct{ name, collection string }{
		{"insert", "identities"}, {"insert", "subjects"}, {"update", "subjects"}, {"update", "identities"},
		{"insert", "journal"}, {"delete", "journal"}, {"insert", "policies"},
	} {
		t.Run(c.name+" "+c.collection, func(t *testing.T) {
			t.Parallel()
			srv := listen(t, mongowire.Options{Forgetful: true})
			st := open(t, newClock().opts(srv.URI()))
			cut := once(srv, c.name, c.collection, func() mongowire.Fault { return mongowire.FaultCutAfter })
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
		always(srv, c.name, c.collection, mongowire.FaultNoMajority)
		if _, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-a"))}); err == nil {
			t.Errorf("%s into %s: what no majority has is taken as stored", c.name, c.collection)
		}
	}
}

func TestStore_Append_NoMajority(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	entries := journal(t, "a", 2)
	always(srv, "insert", "journal", mongowire.FaultNoMajority)
	if _, err := st.Append(
		t.Context(),
		entries,
	); err == nil || errors.Is(err, store.ErrConflict) ||
		!strings.Contains(err.Error(), "append 2 journal entries") {
		t.Errorf("what no majority has is taken as appended: %v", err)
	}
	always(srv, "insert", "policies", mongowire.FaultNoMajority)
	if err := st.AddPolicy(t.Context(), store.Policy{Revision: "r1"}); err == nil {
		t.Error("what no majority has is taken as adopted")
	}
	srv.Hook(nil)
	mustAppend(t, st, entries...)
	wantEntries(t, st, "a", entries)
}

// TestStore_Append_Crash ends an append at each of its writes: a journal must
// never hold an entry without the one before, and appending again must do.
func TestStore_Append_Crash(t *testing.T) {
	t.Parallel()
	for _, fault := range []mongowire.Fault{mongowire.FaultCutBefore, mongowire.FaultCutAfter} {
		for n := range 3 {
			srv := listen(t, mongowire.Options{NoSessions: true}) // nothing is sent again
			st := open(t, newClock().opts(srv.URI()))
			entries := append(journal(t, "a", 3), journal(t, "b", 2)...)
			var inserts atomic.Int32
			srv.Hook(func(c mongowire.Command) mongowire.Fault {
				if c.Name == "insert" && int(inserts.Add(1)) == n+1 {
					return fault
				}
				return mongowire.FaultNone
			})
			if _, err := st.Append(t.Context(), entries); err == nil {
				t.Fatalf("no error at write %d", n+1)
			}
			for _, subject := range []string{"a", "b"} {
				stands, err := st.Entries(t.Context(), subject)
				if err != nil {
					t.Fatal(err)
				}
				wantEntries(t, st, subject, journal(t, subject, len(stands)))
			}
			mustAppend(t, st, entries...)
			wantEntries(t, st, "a", entries[:3])
			wantEntries(t, st, "b", entries[3:])
		}
	}
}

// TestStore_Prune_Crash ends a pruning at a delete: what is left must be a chain
// still, and pruning again must do.
func TestStore_Prune_Crash(t *testing.T) {
	t.Parallel()
	for _, fault := range []mongowire.Fault{mongowire.FaultCutBefore, mongowire.FaultCutAfter} {
		srv := listen(t, mongowire.Options{NoSessions: true})
		st := open(t, newClock().opts(srv.URI()))
		entries := journal(t, "a", 4)
		mustAppend(t, st, entries...)
		cut := once(srv, "delete", "journal", func() mongowire.Fault { return fault })
		if n, err := st.Prune(t.Context(), noon().Add(3*time.Hour), 10); err == nil || n != 0 || !cut.Load() {
			t.Errorf("%d entries were pruned, %v", n, err)
		}
		if _, err := st.Prune(t.Context(), noon().Add(3*time.Hour), 10); err != nil {
			t.Error(err)
		}
		wantEntries(t, st, "a", entries[3:])
	}
}

// TestStore_Prune_InOrder looks at the deletes themselves: a server that stops
// among them must have taken the first entries of a chain first.
func TestStore_Prune_InOrder(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	mustAppend(t, st, journal(t, "a", 12)...)
	if n, err := st.Prune(t.Context(), noon().Add(24*time.Hour), 11); err != nil || n != 11 {
		t.Fatalf("%d entries were pruned, %v", n, err)
	}
	want := 0
	for _, c := range srv.Log() {
		if c.Name != "delete" {
			continue
		}
		if c.Field("ordered") == false {
			t.Error("a server may delete in any order")
		}
		for _, s := range statements(c) {
			want++
			if id := field(field(s, "q").(bson.D), "_id"); id != fmt.Sprintf("a/%d", want) {
				t.Errorf("delete %d is of %v", want, id)
			}
		}
	}
	if want != 11 {
		t.Errorf("%d deletes, want 11", want)
	}
}

func TestStore_Append_TooLarge(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	a, b := journal(t, "a", 3), journal(t, "b", 1)
	a[1].Text = strings.Repeat("x", 17<<20)
	errs, err := st.Append(t.Context(), append(a, b...))
	if err != nil || errs[0] != nil || errs[1] == nil || errors.Is(errs[1], store.ErrConflict) ||
		!errors.Is(errs[2], store.ErrConflict) ||
		errs[3] != nil {
		t.Errorf("got %v, %v", errs, err)
	}
	wantEntries(t, st, "a", a[:1])
}

// TestStore_Save_CrashAfterClaim ends a save between its claims and its subject.
func TestStore_Save_CrashAfterClaim(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	clock := newClock()
	st := open(t, clock.opts(srv.URI()))
	always(srv, "insert", "subjects", mongowire.FaultCutBefore)
	if _, err := st.Save(
		t.Context(),
		[]store.Change{create(subject("crashed", "key"))},
	); err == nil ||
		!strings.Contains(err.Error(), "save 1 subjects") {
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
	always(srv, "update", "identities", mongowire.FaultCutBefore)
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
	errs, err := st.Save(
		t.Context(),
		[]store.Change{create(subject("a", "key-a")), create(large), create(subject("b", "key-b"))},
	)
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
	errs, err := st.Save(
		t.Context(),
		[]store.Change{
			{Subject: emptied(a)},
			{Subject: emptied(b)},
			{Subject: emptied(c)},
			{Subject: emptied(lifecycle.Subject{ID: "never"})},
		},
	)
	if err != nil || errs[0] != nil || !errors.Is(errs[1], store.ErrConflict) || !errors.Is(errs[2], store.ErrConflict) ||
		errs[3] != nil {
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
