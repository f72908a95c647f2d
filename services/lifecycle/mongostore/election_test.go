package mongostore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestStore_NotPrimary has the server refuse each write of a life in turn, as a member that is no primary any more. The
// driver sends the write again.
func TestStore_NotPrimary(t *testing.T) {
	t.Parallel()
	writes := cutAt(t, 0, mongowire.FaultNone, false)
	for n := 1; n <= writes; n++ {
		cutAt(t, n, mongowire.FaultNotPrimary, false)
	}
}

// TestStore_AnElectionLosesOnlyWhatWasNotAcknowledged isolates the primary before each write of a save in turn, and has
// another member elected. The save fails, what was saved before is there, what was not acknowledged is not, and the
// save succeeds afterwards.
func TestStore_AnElectionLosesOnlyWhatWasNotAcknowledged(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"create", "change", "merge"} {
		for n := int32(1); isolateAt(t, what, n); n++ {
			if n > 50 {
				t.Fatal("a save has no end")
			}
		}
	}
}

// isolateAt isolates the primary before write n of a save, and reports whether the save has so many writes.
func isolateAt(t *testing.T, what string, n int32) bool {
	t.Helper()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")))
	save := func() error {
		change := create(subject("c", "key-c"))
		switch what {
		case "change":
			changed := mustLoad(t, st, "a")
			changed.Revision = "r2"
			change = store.Change{Subject: changed}
		case "merge":
			change = merge(mustLoad(t, st, "a"), mustLoad(t, st, "b"))
		}
		errs, err := st.Save(t.Context(), []store.Change{change})
		return errors.Join(append(errs, err)...)
	}
	before := mustLoad(t, st, "a")
	var writes atomic.Int32
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if isWrite(c.Name) && writes.Add(1) == n {
			srv.Isolate()
		}
		return mongowire.FaultNone
	})
	err := save()
	if writes.Load() < n {
		return false
	}
	if err == nil {
		t.Errorf("%s, write %d: a save that no majority has is acknowledged", what, n)
	}
	srv.Hook(nil)
	srv.Elect()
	if n == 1 {
		if got := mustLoad(t, st, "a"); got.Version != before.Version || got.Revision != before.Revision {
			t.Errorf("%s: a is %+v after the election, want %+v", what, got, before)
		}
	}
	if err := save(); err != nil {
		t.Errorf("%s, write %d: after the election: %v", what, n, err)
	}
	for _, id := range []string{"a", "b"} {
		if got, ok := load(t, st, id); !ok {
			t.Errorf("%s, write %d: %s is lost: %+v", what, n, id, got)
		}
	}
	return true
}

// TestProbe_FindsAStoreThatTakesNoWrite: an isolated primary is read, and is no store that works.
func TestProbe_FindsAStoreThatTakesNoWrite(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	if err := store.Probe(t.Context(), st, noon()); err != nil {
		t.Errorf("a store that works: %v", err)
	}
	srv.Isolate()
	if err := store.Probe(t.Context(), st, noon()); err == nil {
		t.Error("a primary without a majority is taken for a store that works")
	}
	srv.Rejoin()
	if err := store.Probe(t.Context(), st, noon()); err != nil {
		t.Errorf("after the isolation: %v", err)
	}
}

// TestStore_ACursorThatIsGoneIsAnError: a list is whole, or an error.
func TestStore_ACursorThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	const persons = 250 // more than the first answer has
	changes := make([]store.Change, persons)
	for i := range changes {
		changes[i] = create(subject(fmt.Sprintf("p%03d", i), fmt.Sprintf("key-%03d", i)))
	}
	mustSave(t, st, changes...)
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name == "getMore" {
			return mongowire.FaultCursorLost
		}
		return mongowire.FaultNone
	})
	if got, err := st.Walk(t.Context(), "", persons); err == nil {
		t.Errorf("got %d subjects without an error, want an error", len(got))
	}
	srv.Hook(nil)
	if got, err := st.Walk(t.Context(), "", persons); err != nil || len(got) != persons {
		t.Errorf("got %d subjects, %v, want %d", len(got), err, persons)
	}
}

// TestStore_ASubjectThatFitsInNoDocumentHoldsUpNoOther: a subject whose sealed names exceed the largest document is
// refused with its id, and the others of the batch are saved.
func TestStore_ASubjectThatFitsInNoDocumentHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	large := subject("large", "key-large")
	large.Sealed = []byte(strings.Repeat("x", 17<<20))
	errs, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-a")), create(large)})
	if err != nil || errs[0] != nil || errs[1] == nil || errors.Is(errs[1], store.ErrConflict) {
		t.Errorf("got %v, %v, want an error of the large subject alone", errs, err)
	}
	if got, ok := load(t, st, "a"); !ok {
		t.Errorf("the other subject is not saved: %+v", got)
	}
}
