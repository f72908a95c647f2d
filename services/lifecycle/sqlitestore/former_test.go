package sqlitestore

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// formerSubjects are rows of a file in which subjects had no number: person i has the key ki, and the others a label
// by turns. The ids are not in the order of the rows.
func formerSubjects(n int) string {
	var out strings.Builder
	out.WriteString("INSERT INTO labels VALUES (1, 'even', 0), (2, 'odd', 0);")
	for i := range n {
		id := fmt.Sprintf("s%03d", (i*7)%n)
		fmt.Fprintf(&out, `INSERT INTO subjects (id, version, review_at, revision, pending, labels, doc)
			VALUES ('%s', 2, %d, 'r%d', 0, x'0%d', CAST('{"id":"%s"}' AS BLOB));`, id, i, i%2, 1+i%2, id)
		fmt.Fprintf(&out, "UPDATE labels SET count = count + 1 WHERE number = %d;", 1+i%2)
		switch i % 3 {
		case 0:
			fmt.Fprintf(&out, "INSERT INTO identities VALUES ('k%03d', '%s');", i, id)
		case 1:
			fmt.Fprintf(&out, "INSERT INTO sorted_keys VALUES (%d, 'k%03d', '%s');", 1+i%2, i, id)
		case 2:
			fmt.Fprintf(&out, "INSERT INTO recent_keys (key, subject) VALUES ('k%03d', '%s');", i, id)
		}
	}
	out.WriteString(
		"INSERT INTO sorted_keys VALUES (2, 'of-nobody', 'removed'); INSERT INTO key_runs VALUES (1, x'00'), (2, x'00');",
	)
	return out.String()
}

// TestOpen_SubjectsGetNumbers opens a file of the version before, also one that was converted in part: every subject is
// found by its key, its label and its instant. Subjects of a label are in the order of their ids.
func TestOpen_SubjectsGetNumbers(t *testing.T) {
	const n = 100
	for name, steps := range map[string]int{"whole": 0, "in part": 1, "to the end": 3} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rodopath.db")
			if err := MakeFormer(t.Context(), path, 10, formerSubjects(n)); err != nil {
				t.Fatal(err)
			}
			convertSteps(t, path, steps)
			st, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			wantRows(t, st.read, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'former%' OR name = 'identities'", 0)
			wantRows(t, st.read, "SELECT count(*) FROM labelled", n)
			wantRows(t, st.read, "SELECT count(*) FROM recent_keys WHERE key <> x''", n)
			owners, err := st.Lookup(t.Context(), append(numbered("k", 0), "of-nobody"))
			if err != nil || len(owners) != 0 {
				t.Errorf("the key of a removed subject leads to %v, %v", owners, err)
			}
			checkConverted(t, st, n)
		})
	}
}

// convertSteps runs some transactions of the conversion, as a process that was killed then.
func convertSteps(t *testing.T, path string, steps int) {
	t.Helper()
	if steps == 0 {
		return
	}
	db, err := connect(path, "immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := migrateSchema(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for range steps {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := convertSome(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkConverted(t *testing.T, st *Store, n int) {
	t.Helper()
	var keys, want, even []string
	for i := range n {
		keys, want = append(keys, fmt.Sprintf("k%03d", i)), append(want, fmt.Sprintf("s%03d", (i*7)%n))
		if i%2 == 0 {
			even = append(even, want[i])
		}
	}
	owners, err := st.Lookup(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if owners[key] != want[i] {
			t.Errorf("%s belongs to %q, want %q", key, owners[key], want[i])
		}
	}
	due, err := st.Due(t.Context(), time.UnixMilli(int64(n)), "r0", n)
	if err != nil || !slices.Equal(due, want) {
		t.Errorf("got due %v, %v, want %v", due, err, want)
	}
	if other, err := st.Due(t.Context(), time.UnixMilli(-1), "r0", n); err != nil || len(other) != n/2 {
		t.Errorf("got %d subjects of another policy, %v, want %d", len(other), err, n/2)
	}
	for by, want := range map[store.Sort][]string{
		store.SortStored: slices.Sorted(slices.Values(even)), store.SortReview: even,
	} {
		list, err := st.Labelled(t.Context(), store.Page{Labels: []string{"even"}, Sort: by, Limit: n})
		var got []string
		for i := range list {
			got = append(got, list[i].ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got the label of %v, %v, want %v", got, err, want)
		}
	}
	found, err := st.Load(t.Context(), want[:1])
	if s := found[want[0]]; err != nil || s.Version != 2 || !slices.Equal(s.Labels, []string{"even"}) {
		t.Errorf("got %+v, %v, want version 2 with its label", s, err)
	}
	s := found[want[0]]
	at := time.UnixMilli(5)
	s.ReviewAt = &at
	fresh := lifecycle.Subject{ID: "new", Keys: []string{"k-new"}, Revision: "r9", ReviewAt: &at}
	errs, err := st.Save(t.Context(), []store.Change{{Subject: s}, {Subject: fresh, Claim: fresh.Keys}})
	if err != nil || errs[0] != nil || errs[1] != nil {
		t.Errorf("save: %v, %v", errs, err)
	}
	wantRows(t, st.read, "SELECT number FROM subjects WHERE id = 'new'", n+1)
}

// TestLabelled_GoesOnBehindARemovedSubject: the next page begins where the last subject of the page before was.
func TestLabelled_GoesOnBehindARemovedSubject(t *testing.T) {
	st, err := Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	at := time.UnixMilli(5)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s := lifecycle.Subject{ID: id, Revision: "r", ReviewAt: &at, Labels: []string{"x"}}
		if errs, err := st.Save(t.Context(), []store.Change{{Subject: s}}); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
	}
	gone := lifecycle.Subject{ID: "c", Version: 1, Revision: "r"}
	if errs, err := st.Save(t.Context(), []store.Change{{Subject: gone}}); err != nil || errs[0] != nil {
		t.Fatal(errs, err)
	}
	for _, c := range []struct {
		after  string
		newest bool
		want   []string
	}{
		{"c", false, []string{"d", "e"}}, {"c", true, []string{"b", "a"}}, {"0", false, []string{"a", "b", "d", "e"}},
		{"z", true, []string{"e", "d", "b", "a"}}, {"z", false, nil}, {"0", true, nil},
	} {
		for _, by := range []store.Sort{store.SortStored, store.SortReview} {
			page := store.Page{Labels: []string{"x"}, Sort: by, Newest: c.newest, Limit: 10}
			page.After = page.Next(&lifecycle.Subject{ID: c.after, ReviewAt: &at})
			list, err := st.Labelled(t.Context(), page)
			var got []string
			for i := range list {
				got = append(got, list[i].ID)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("after %s, by %q, newest %t: got %v, %v, want %v", c.after, by, c.newest, got, err, c.want)
			}
		}
	}
}
