package mongostore_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// noon is when the tests begin.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// clock is a clock that tests move.
type clock struct{ millis atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.millis.Store(noon().UnixMilli())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMilli(c.millis.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.millis.Add(d.Milliseconds()) }
func (c *clock) opts(uri string) mongostore.Options {
	return mongostore.Options{URI: uri, Now: c.now}
}

// subject makes a subject that is not gone.
func subject(id string, keys ...string) lifecycle.Subject {
	until := noon().AddDate(5, 0, 0)
	return lifecycle.Subject{
		ID:           id,
		Keys:         keys,
		Sealed:       []byte("sealed"),
		Revision:     "r1",
		LastReceived: noon(),
		ReviewAt:     &until,
		Facts: []fact.Fact{
			{ID: "fact-" + id, Kind: fact.KindSale, Occurred: noon(), Received: noon(), Ref: "order-" + id},
		},
		Outbox: []decision.Decision{
			decision.NewDeletion("dec-"+id, id, noon(), nil, nil, nil),
		},
	}
}

// emptied returns a subject of which nothing is left.
func emptied(s lifecycle.Subject) lifecycle.Subject {
	s.Facts, s.Bases, s.Outbox, s.ReviewAt, s.Sealed = nil, nil, nil, nil, nil
	return s
}

func create(s lifecycle.Subject) store.Change { return store.Change{Subject: s, Claim: s.Keys} }

// merge makes a absorb b.
func merge(a, b lifecycle.Subject) store.Change {
	return store.Change{
		Subject: lifecycle.Merge(a, b), Claim: b.Keys,
		Redirect: []lifecycle.Subject{lifecycle.Redirect(b, a.ID)},
	}
}

func mustSave(t *testing.T, st *mongostore.Store, changes ...store.Change) {
	t.Helper()
	errs, err := st.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatalf("save: %v", err)
	}
}

// mustConflict saves one change that must lose.
func mustConflict(t *testing.T, st *mongostore.Store, c store.Change) {
	t.Helper()
	errs, err := st.Save(t.Context(), []store.Change{c})
	if err != nil || !errors.Is(errs[0], store.ErrConflict) {
		t.Fatalf("got %v, %v, want a conflict", errs, err)
	}
}

func mustLoad(t *testing.T, st *mongostore.Store, id string) lifecycle.Subject {
	t.Helper()
	s, ok := load(t, st, id)
	if !ok {
		t.Fatalf("subject %s is not stored", id)
	}
	return s
}

func load(t *testing.T, st *mongostore.Store, id string) (lifecycle.Subject, bool) {
	t.Helper()
	found, err := st.Load(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := found[id]
	return s, ok
}

func wantOwner(t *testing.T, st *mongostore.Store, key, want string) {
	t.Helper()
	found, err := st.Lookup(t.Context(), []string{key})
	if err != nil {
		t.Fatal(err)
	}
	if found[key] != want {
		t.Errorf("key %s belongs to %q, want %q", key, found[key], want)
	}
}

// journal makes the first n entries of a journal, an hour apart.
func journal(t *testing.T, subject string, n int) []chain.Entry {
	t.Helper()
	var out []chain.Entry
	var last chain.Entry
	for i := range n {
		e := chain.Entry{
			Subject: subject,
			Key:     fmt.Sprintf("k%d", i+1),
			At:      noon().Add(time.Duration(i) * time.Hour),
			Kind:    chain.KindAlarm,
		}
		e, err := e.Chained(last)
		if err != nil {
			t.Fatal(err)
		}
		out, last = append(out, e), e
	}
	return out
}

func mustAppend(t *testing.T, st *mongostore.Store, entries ...chain.Entry) {
	t.Helper()
	errs, err := st.Append(t.Context(), entries)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func wantEntries(t *testing.T, st *mongostore.Store, subject string, want []chain.Entry) {
	t.Helper()
	got, err := st.Entries(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the journal of %s differs (-want +got):\n%s", subject, diff)
	}
}

// statements returns the writes that a command holds.
func statements(c mongowire.Command) []bson.D {
	list := map[string]string{"insert": "documents", "update": "updates", "delete": "deletes"}[c.Name]
	array, _ := c.Field(list).(bson.A)
	var out []bson.D
	for _, e := range array {
		out = append(out, e.(bson.D))
	}
	return out
}

// once runs a hook at the first command of a name on a collection.
func once(srv *mongowire.Server, name, collection string, hook func() mongowire.Fault) *atomic.Bool {
	var done atomic.Bool
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name != name || c.Collection() != collection || !done.CompareAndSwap(false, true) {
			return mongowire.FaultNone
		}
		return hook()
	})
	return &done
}

// always does the same to every command of a name on a collection.
func always(srv *mongowire.Server, name, collection string, fault mongowire.Fault) {
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name == name && c.Collection() == collection {
			return fault
		}
		return mongowire.FaultNone
	})
}

func isWrite(name string) bool { return slices.Contains([]string{"insert", "update", "delete"}, name) }

// newChanges makes changes that create n subjects, other ones for every n.
func newChanges(n int) []store.Change {
	changes := make([]store.Change, n)
	for i := range changes {
		id := fmt.Sprintf("%d-of-%d", i, n)
		changes[i] = create(subject(id, "key-"+id))
	}
	return changes
}
