package mongostore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestReleaseOrphans: the keys of a subject that was never stored go after an hour, and no other key.
func TestReleaseOrphans(t *testing.T) {
	srv, c := listen(t, mongowire.Options{NoSessions: true}), newClock()
	st := open(t, c.opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")))
	var cut atomic.Bool
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name == "insert" && c.Collection() == "subjects" && cut.CompareAndSwap(false, true) {
			return mongowire.FaultCutBefore
		}
		return mongowire.FaultNone
	})
	if _, err := st.Save(t.Context(), []store.Change{create(subject("b", "key-b", "key-c"))}); err == nil {
		t.Fatal("got no error of the broken connection")
	}
	for _, want := range []int{0, 2, 0} {
		if n, err := st.ReleaseOrphans(t.Context()); n != want || err != nil {
			t.Errorf("got %d keys and %v, want %d", n, err, want)
		}
		c.pass(2 * time.Hour)
	}
	wantOwner(t, st, "key-a", "a")
	wantOwner(t, st, "key-b", "")
}
