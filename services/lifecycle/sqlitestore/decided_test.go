package sqlitestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestDecisions_AreFoundAndRemoved appends entries of decisions, which are sorted in after the third one, and removes
// the old ones with what finds them.
func TestDecisions_AreFoundAndRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st := open(t, path)
	st.SetGather(3)
	list := []chain.Entry{
		{Subject: "a", Seq: 1, Key: "k1", At: noon(), Decision: "dec_1", Hash: "h1"},
		{Subject: "a", Seq: 2, Key: "k2", At: noon().Add(time.Hour), Decision: "dec_2", Hash: "h2"},
		{Subject: "b", Seq: 1, Key: "k3", At: noon().Add(2 * time.Hour), Decision: "dec_1", Hash: "h3"},
		{Subject: "a", Seq: 3, Key: "k4", At: noon().Add(3 * time.Hour), Decision: "dec_2", Hash: "h4"},
	}
	for i := range list {
		errs, err := st.Append(t.Context(), list[i:i+1])
		if err != nil || errs[0] != nil {
			t.Fatalf("append: %v, %v", errs, err)
		}
	}
	wantEntries := func(decision string, want int) {
		t.Helper()
		if got, err := st.EntriesOf(t.Context(), decision); err != nil || len(got) != want {
			t.Errorf("%s has %d entries, %v, want %d", decision, len(got), err, want)
		}
	}
	wantRows := func(want int) {
		t.Helper()
		if n := count(t, path, "sorted_decisions") + count(t, path, "recent_decisions"); n != want {
			t.Errorf("%d rows find decisions, want %d", n, want)
		}
	}
	wantEntries("dec_1", 2)
	wantEntries("dec_2", 2)
	wantRows(4)
	if n := count(t, path, "sorted_decisions"); n != 3 {
		t.Errorf("%d decisions are sorted in, want 3", n) // the last row of a is there already
	}
	if n, err := st.Prune(t.Context(), noon().Add(90*time.Minute), 10); err != nil || n != 2 {
		t.Fatalf("%d entries were removed, %v, want 2", n, err)
	}
	wantEntries("dec_1", 1)
	wantEntries("dec_2", 1)
	wantRows(3) // dec_1 of b; dec_2 of a, twice, has another entry
}

// TestOpen_FileWithAnIndexOfDecisions_FindsThem opens a file of the version before.
func TestOpen_FileWithAnIndexOfDecisions_FindsThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	former(t, path, 8, `
		INSERT INTO subjects (id, version, revision, pending, doc) VALUES ('a', 1, 'r1', 0, CAST('{"id":"a"}' AS BLOB));
		INSERT INTO identities VALUES ('k1', 'a');
		INSERT INTO journal (subject, seq, key, at, decision, doc)
			VALUES ('a', 1, 'k1', 1, 'dec_1', CAST('{"subject":"a","seq":1,"decision":"dec_1"}' AS BLOB));`)
	st := open(t, path)
	if got, err := st.EntriesOf(t.Context(), "dec_1"); err != nil || len(got) != 1 {
		t.Errorf("got %+v, %v, want the entry", got, err)
	}
	wantOwners(t, st, map[string]string{"k1": "a"})
}

// TestLabels_AreSortedInByListsAndByTheThousand: a list has every change before it, and counts need no list.
func TestLabels_AreSortedInByListsAndByTheThousand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, twin := open(t, path), open(t, path)
	st.SetGather(24) // three changes of labels
	first := held("a", "k1")
	first.Labels = []string{"x"}
	mustSave(t, st, store.Change{Subject: first, Claim: first.Keys})
	first.Version, first.Labels = 1, []string{"y"}
	mustSave(t, st, store.Change{Subject: first})
	if n := count(t, path, "labelled"); n != 0 {
		t.Errorf("%d rows are sorted in, want none", n)
	}
	for label, want := range map[string]int{"x": 0, "y": 1} {
		got, err := twin.Labelled(t.Context(), store.Page{Labels: []string{label}, Limit: 10})
		if err != nil || len(got) != want {
			t.Errorf("%d subjects have the label %s, %v, want %d", len(got), label, err, want)
		}
	}
	if n, recent := count(t, path, "labelled"), count(t, path, "recent_labels"); n != 1 || recent != 0 {
		t.Errorf("%d rows are sorted in and %d are not, want 1 and 0", n, recent)
	}
	for _, id := range []string{"b", "c", "d"} {
		s := held(id, "k"+id)
		s.Labels = []string{"y"}
		mustSave(t, st, store.Change{Subject: s, Claim: s.Keys})
	}
	if n := count(t, path, "labelled"); n != 4 {
		t.Errorf("%d rows are sorted in after three changes, want 4", n)
	}
	if counts, err := twin.Counts(t.Context()); err != nil || counts["x"] != 0 || counts["y"] != 4 {
		t.Errorf("got the counts %v, %v, want 4 of y", counts, err)
	}
}
