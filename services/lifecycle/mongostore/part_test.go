package mongostore_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// order is one of many orders of a person.
func order(n int) fact.Fact {
	at := noon().Add(time.Duration(n) * time.Minute)
	return fact.Fact{
		ID: fmt.Sprintf("shop:order-%d", n), Kind: fact.KindSale, Source: "shop", Occurred: at, Received: at,
		Ref: fmt.Sprintf("order-%d", n), Links: []string{fmt.Sprintf("pi_%d", n)},
	}
}

// customer is a person with many orders.
func customer(orders int) lifecycle.Subject {
	s := subject("large", "key-a")
	s.Facts = nil
	for n := range orders {
		s.Facts = append(s.Facts, order(n))
		s.Keys = append(s.Keys, fmt.Sprintf("key-%028d", n))
	}
	return s
}

// sizes returns the size of the largest document of collections.
func largest(t *testing.T, srv *mongowire.Server, collections ...string) int {
	t.Helper()
	most := 0
	for _, c := range collections {
		for _, d := range srv.Documents("rodopath", c) {
			data, err := bson.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, len(data))
		}
	}
	return most
}

// TestStore_Parts_NoDocumentGrowsWithoutABound: the documents of a person with 20,000 orders stay small, and one more
// order writes a hundredth of the person.
func TestStore_Parts_NoDocumentGrowsWithoutABound(t *testing.T) {
	const orders, bound = 20_000, 64 << 10
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	want := customer(orders)
	mustSave(t, st, store.Change{Subject: want})
	if got := largest(t, srv, "subjects", "parts"); got > bound {
		t.Errorf("the largest document has %d bytes, want at most %d", got, bound)
	}
	got := mustLoad(t, st, "large")
	want.Version = 1
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the subject differs (-saved +loaded):\n%s", diff)
	}
	var parts, removed atomic.Int64
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		switch {
		case c.Collection() != "parts":
		case c.Name == "insert":
			parts.Add(int64(len(statements(c))))
		case c.Name == "delete":
			removed.Add(int64(len(statements(c))))
		}
		return mongowire.FaultNone
	})
	// In the middle, as a history that is read later adds facts.
	got.Facts = append(got.Facts[:orders/2:orders/2], append([]fact.Fact{order(orders)}, got.Facts[orders/2:]...)...)
	mustSave(t, st, store.Change{Subject: got})
	if parts.Load() > 3 || removed.Load() > 3 {
		t.Errorf("one more fact stores %d parts and removes %d, want at most 3", parts.Load(), removed.Load())
	}
	got.Version++
	if diff := cmp.Diff(got, mustLoad(t, st, "large"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the subject differs (-saved +loaded):\n%s", diff)
	}
}

// TestStore_Parts_GoWithTheSubject: a subject that shrinks, becomes a redirect or is removed leaves no part.
func TestStore_Parts_GoWithTheSubject(t *testing.T) {
	for name, end := range map[string]func(s lifecycle.Subject) store.Change{
		"a shorter subject": func(s lifecycle.Subject) store.Change {
			s.Facts, s.Keys = s.Facts[:1], s.Keys[:1]
			return store.Change{Subject: s}
		},
		"a redirect": func(s lifecycle.Subject) store.Change {
			other := subject("other")
			return store.Change{Subject: other, Redirect: []lifecycle.Subject{lifecycle.Redirect(s, "other")}}
		},
		"a removed subject": func(s lifecycle.Subject) store.Change { return store.Change{Subject: emptied(s)} },
	} {
		srv := listen(t, mongowire.Options{})
		st := open(t, newClock().opts(srv.URI()))
		mustSave(t, st, store.Change{Subject: customer(2000)})
		if n := len(srv.Documents("rodopath", "parts")); n < 10 {
			t.Fatalf("%s: got %d parts, want many", name, n)
		}
		mustSave(t, st, end(mustLoad(t, st, "large")))
		if n := len(srv.Documents("rodopath", "parts")); n != 0 {
			t.Errorf("%s: got %d parts, want none", name, n)
		}
	}
}

// TestStore_Parts_WritersAndReadersAtOnce: several processes add facts to one person while others read. No fact is
// lost, and every reader sees a whole person.
func TestStore_Parts_WritersAndReadersAtOnce(t *testing.T) {
	const writers, each = 4, 15
	srv := listen(t, mongowire.Options{})
	clock := newClock()
	first := open(t, clock.opts(srv.URI()))
	first.CutShort()
	mustSave(t, first, create(customer(8)))
	var work sync.WaitGroup
	for w := range writers {
		st := open(t, clock.opts(srv.URI()))
		st.CutShort()
		work.Go(func() {
			for n := range each {
				err := store.Update(t.Context(), st, "large", func(s lifecycle.Subject) (*store.Change, error) {
					if len(s.Facts) < 8 {
						return nil, fmt.Errorf("got %d facts, want the 8 of the beginning", len(s.Facts))
					}
					s.Facts = append(slices.Clip(s.Facts), order(1000*(w+1)+n))
					return &store.Change{Subject: s}, nil
				})
				if errors.Is(err, store.ErrConflict) {
					continue // the others were faster at every attempt
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	got := mustLoad(t, first, "large")
	if want := int(got.Version) - 1 + 8; len(got.Facts) != want {
		t.Errorf("got %d facts after %d writes, want %d", len(got.Facts), got.Version, want)
	}
	if n, err := first.ReleaseOrphans(t.Context()); n != 0 || err != nil {
		t.Errorf("got %d orphans and %v, want none", n, err)
	}
}

// TestStore_Parts_ACrashLeavesOnlyWhatIsRemovedLater: a writer breaks off at each write of a change in turn.
func TestStore_Parts_ACrashLeavesOnlyWhatIsRemovedLater(t *testing.T) {
	for n := 1; ; n++ {
		srv, clock := listen(t, mongowire.Options{NoSessions: true}), newClock()
		st := open(t, clock.opts(srv.URI()))
		st.CutShort()
		mustSave(t, st, create(customer(8)))
		s := mustLoad(t, st, "large")
		s.Facts = append(s.Facts[:3:3], order(100))
		var writes atomic.Int64
		srv.Hook(func(c mongowire.Command) mongowire.Fault {
			if isWrite(c.Name) && writes.Add(1) == int64(n) {
				return mongowire.FaultCutAfter
			}
			return mongowire.FaultNone
		})
		_, err := st.Save(t.Context(), []store.Change{{Subject: s}})
		srv.Hook(nil)
		if err == nil {
			if n < 3 {
				t.Fatalf("the change takes %d writes, want several", n-1)
			}
			return
		}
		again, err := mongostore.Open(t.Context(), clock.opts(srv.URI()))
		if err != nil {
			t.Fatal(err)
		}
		if got := mustLoad(t, again, "large"); len(got.Facts) != 8 && len(got.Facts) != 4 {
			t.Errorf("after a crash at write %d: got %d facts, want 8 or 4", n, len(got.Facts))
		}
		clock.pass(2 * time.Hour)
		if _, err := again.ReleaseOrphans(t.Context()); err != nil {
			t.Error(err)
		}
		named := 0
		for _, d := range srv.Documents("rodopath", "subjects") {
			refs, _ := field(d, "parts").(bson.A)
			named += len(refs)
		}
		if got := len(srv.Documents("rodopath", "parts")); got != named {
			t.Errorf("after a crash at write %d: got %d parts, want the %d that the subject names", n, got, named)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}
