package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func pruneTests() map[string]test {
	return map[string]test{
		"old entries are pruned, the last one of a stored subject is not": prune,
		"a subject that is stored no more keeps no old entry":             pruneGone,
		"a redirect keeps its last entry":                                 pruneRedirect,
		"a chain is pruned from its beginning only":                       pruneBeginning,
		"pruning goes in pages, whatever has to stay":                     prunePages,
		"a chain that was pruned goes on":                                 pruneAndGoOn,
	}
}

// before and after return instants around the instant from which entries are kept.
func before(days int) time.Time { return day.AddDate(0, 0, -days) }
func after(days int) time.Time  { return day.AddDate(0, 0, days) }

func wantPruned(t *testing.T, st Store, limit, want int) {
	t.Helper()
	if n, err := st.Prune(t.Context(), day, limit); err != nil || n != want {
		t.Errorf("%d entries were pruned, %v, want %d", n, err, want)
	}
}

func prune(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")), create(person("c")))
	a := newChain(t, "a", before(3), before(2), before(1))
	b := newChain(t, "b", before(9), day.Add(-time.Millisecond), day, after(1))
	c := newChain(t, "c", day, after(1), after(2))
	for _, entries := range [][]chain.Entry{a, b, c} {
		mustAppend(t, st, entries...)
	}
	wantPruned(t, st, 100, 4)
	wantJournal(t, st, "a", a[2:])
	wantJournal(t, st, "b", b[2:])
	wantJournal(t, st, "c", c)
	wantPruned(t, st, 100, 0)
}

func pruneGone(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	a := newChain(t, "a", before(2), before(1))
	recent := newChain(t, "recent", before(1), day) // never stored, and still to be kept
	mustAppend(t, st, append(a, recent...)...)
	wantPruned(t, st, 100, 2)
	wantJournal(t, st, "a", a[1:])
	wantJournal(t, st, "recent", recent[1:])
	s := mustLoad(t, st, "a")
	s.Facts, s.ReviewAt, s.Sealed = nil, nil, nil
	mustSave(t, st, store.Change{Subject: s})
	wantPruned(t, st, 100, 1)
	wantJournal(t, st, "a", nil)
	wantJournal(t, st, "recent", recent[1:])
}

func pruneRedirect(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	entries := newChain(t, "b", before(2), before(1))
	mustAppend(t, st, entries...)
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	mustSave(
		t,
		st,
		store.Change{
			Subject:  lifecycle.Merge(a, b),
			Claim:    b.Keys,
			Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")},
		},
	)
	wantPruned(t, st, 100, 1)
	wantJournal(t, st, "b", entries[1:])
	a = mustLoad(t, st, "a")
	a.Facts, a.ReviewAt, a.Sealed = nil, nil, nil
	mustSave(t, st, store.Change{Subject: a})
	wantPruned(t, st, 100, 1)
	wantJournal(t, st, "b", nil)
}

func pruneBeginning(t *testing.T, open func() Store) {
	for _, limit := range []int{1, 2, 100} { // small limits, to see every intermediate state
		st := open()
		a := newChain(t, fmt.Sprint("a-", limit), after(1), before(2), before(1))            // nothing may be removed
		b := newChain(t, fmt.Sprint("b-", limit), before(1), after(1), before(2), before(3)) // the first may
		c := newChain(t, fmt.Sprint("c-", limit), before(1), before(9), before(5), day)      // the first three, in order
		gone := newChain(t, fmt.Sprint("gone-", limit), before(1), after(1), before(2))
		for _, entries := range [][]chain.Entry{a, b, c} {
			mustSave(t, st, create(person(entries[0].Subject)))
		}
		for _, entries := range [][]chain.Entry{a, b, c, gone} {
			mustAppend(t, st, entries...)
		}
		for left := 5; left > 0; left -= limit {
			wantPruned(t, st, limit, min(left, limit))
			for _, entries := range [][]chain.Entry{a, b, c, gone} {
				wantUnbroken(t, st, entries[0].Subject, len(entries))
			}
		}
		wantPruned(t, st, limit, 0)
		wantJournal(t, st, a[0].Subject, a)
		wantJournal(t, st, b[0].Subject, b[1:])
		wantJournal(t, st, c[0].Subject, c[3:])
		wantJournal(t, st, gone[0].Subject, gone[1:])
	}
}

// wantUnbroken expects a gapless journal from its first entry up to entry n.
func wantUnbroken(t *testing.T, st Store, subject string, n int) {
	t.Helper()
	entries, err := st.Entries(t.Context(), subject)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d entries of %s, %v", len(entries), subject, err)
	}
	for i, e := range entries {
		if want := int64(n - len(entries) + i + 1); e.Seq != want {
			t.Errorf("place %d of %d of the journal of %s has entry %d, want %d", i, len(entries), subject, e.Seq, want)
		}
	}
}

func prunePages(t *testing.T, open func() Store) {
	st := open()
	var changes []store.Change
	var entries []chain.Entry
	for i := range 1100 { // more kept entries than one batch of the database
		changes = append(changes, create(person(name(i))))
		entries = append(entries, newChain(t, name(i), before(100))...)
	}
	mustSave(t, st, changes...)
	mustAppend(t, st, entries...)
	old := newChain(t, "p-000", before(100), before(3), before(2), before(1))
	mustAppend(t, st, old[1:]...)
	mustAppend(t, st, newChain(t, "gone", before(5), before(4))...)
	for _, limit := range []int{-1, 0} {
		wantPruned(t, st, limit, 0)
	}
	wantPruned(t, st, 4, 4)
	wantPruned(t, st, 4, 1)
	wantPruned(t, st, 4, 0)
	wantJournal(t, st, "p-000", old[3:])
	wantJournal(t, st, "gone", nil)
	wantJournal(t, st, "p-1099", entries[1099:])
}

func pruneAndGoOn(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	entries := newChain(t, "a", before(2), before(1))
	mustAppend(t, st, entries...)
	wantPruned(t, st, 100, 1)
	ends, err := st.Tails(t.Context(), []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	next := follow(t, ends["a"], "", after(1))
	mustAppend(t, st, next...)
	wantPruned(t, st, 100, 1)
	wantJournal(t, st, "a", next)
	if next[0].Seq != 3 {
		t.Errorf("the chain went on with %d", next[0].Seq)
	}
}
