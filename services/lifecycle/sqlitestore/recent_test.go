package sqlitestore_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// held returns a subject that is not removable, with keys.
func held(id string, keys ...string) lifecycle.Subject {
	at := noon().Add(time.Hour)
	return lifecycle.Subject{ID: id, Keys: keys, Revision: "r1", ReviewAt: &at}
}

func mustSave(t *testing.T, st *sqlitestore.Store, changes ...store.Change) {
	t.Helper()
	errs, err := st.Save(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
}

func wantOwners(t *testing.T, st *sqlitestore.Store, want map[string]string) {
	t.Helper()
	var list []string
	for key := range want {
		list = append(list, key)
	}
	got, err := st.Lookup(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for key, owner := range want {
		if got[key] != owner {
			t.Errorf("%s belongs to %q, want %q", key, got[key], owner)
		}
	}
}

// count returns the rows of a table.
func count(t *testing.T, path, table string) (n int) {
	t.Helper()
	with(t, path, func(db *sql.DB) {
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
	})
	return n
}

// TestRecent_ATwinOfTheStoreSeesEveryChange: two processes on one file, each with recent keys in memory.
func TestRecent_ATwinOfTheStoreSeesEveryChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, twin := open(t, path), open(t, path)
	st.SetGather(3)
	mustSave(t, st, store.Change{Subject: held("a", "k1", "k2"), Claim: []string{"k1", "k2"}})
	wantOwners(t, twin, map[string]string{"k1": "a", "k2": "a", "k3": ""})
	mustSave(t, twin, store.Change{Subject: held("b", "k3"), Claim: []string{"k3"}})
	wantOwners(t, st, map[string]string{"k1": "a", "k2": "a", "k3": "b"})
	if n := count(t, path, "recent_keys"); n != 3 {
		t.Fatalf("%d recent keys, want 3", n)
	}
	// The third key sorts all of them in before the next write.
	mustSave(t, st, store.Change{Subject: held("c", "k4"), Claim: []string{"k4"}})
	if n := count(t, path, "sorted_keys"); n != 3 {
		t.Fatalf("%d keys are sorted in, want 3", n)
	}
	wantOwners(t, twin, map[string]string{"k1": "a", "k2": "a", "k3": "b", "k4": "c"})
	// A merge gives a sorted key and a recent one to another subject.
	b, c, all := held("b"), held("c"), held("a", "k1", "k2", "k3", "k4")
	b.Version, c.Version, all.Version, all.MergedFrom = 1, 1, 1, []string{"b", "c"}
	mustSave(t, twin, store.Change{
		Subject: all, Claim: []string{"k3", "k4"},
		Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a"), lifecycle.Redirect(c, "a")},
	})
	wantOwners(t, st, map[string]string{"k1": "a", "k2": "a", "k3": "a", "k4": "a"})
	if errs, err := st.Save(t.Context(), []store.Change{{Subject: held("d", "k4"), Claim: []string{"k4"}}}); err != nil ||
		errs[0] == nil {
		t.Errorf("another subject claimed a recent key: %v, %v", errs, err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	wantOwners(t, open(t, path), map[string]string{"k1": "a", "k2": "a", "k3": "a", "k4": "a"})
}

// TestRecent_TwoWritersMakeOneRun: a writer that has not read yet that the keys are sorted in makes no run of the few
// keys since.
func TestRecent_TwoWritersMakeOneRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, twin := open(t, path), open(t, path)
	st.SetGather(3)
	twin.SetGather(3)
	mustSave(t, st, store.Change{Subject: held("a", "k1", "k2", "k3"), Claim: []string{"k1", "k2", "k3"}})
	wantOwners(t, twin, map[string]string{"k1": "a", "k2": "a", "k3": "a"})
	for i, each := range []*sqlitestore.Store{st, twin} {
		key := fmt.Sprint("later", i)
		mustSave(t, each, store.Change{Subject: held(key, key), Claim: []string{key}})
	}
	if n := count(t, path, "key_runs"); n != 1 {
		t.Errorf("got %d runs, want one of three keys", n)
	}
	wantOwners(t, st, map[string]string{"k1": "a", "later0": "later0", "later1": "later1"})
}

// TestRecent_ErasureLeavesNoKey erases persons with recent keys, with sorted ones, and with both: no hash is left in
// the file.
func TestRecent_ErasureLeavesNoKey(t *testing.T) {
	for _, gather := range []int{1, 3, 100} {
		t.Run(fmt.Sprintf("gather=%d", gather), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rodopath.db")
			st, twin := open(t, path), open(t, path)
			st.SetGather(gather)
			kept := []string{"hash-kept-1", "hash-kept-2"}
			mustSave(t, st, store.Change{Subject: held("k", kept...), Claim: kept})
			erased := []string{"hash-erased-1", "hash-erased-2"}
			mustSave(t, st, store.Change{Subject: held("e", erased[:1]...), Claim: erased[:1]})
			s := held("e", erased...)
			s.Version = 1
			mustSave(t, st, store.Change{Subject: s, Claim: erased[1:]})
			wantOwners(t, twin, map[string]string{erased[0]: "e", erased[1]: "e"})
			s.Version, s.ReviewAt = 2, nil
			mustSave(t, st, store.Change{Subject: s})
			for _, each := range []*sqlitestore.Store{st, twin} {
				wantOwners(t, each, map[string]string{erased[0]: "", erased[1]: "", kept[0]: "k", kept[1]: "k"})
				if err := each.Close(); err != nil {
					t.Fatal(err)
				}
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte("hash-erased")) || !bytes.Contains(data, []byte("hash-kept-1")) {
				t.Errorf("the file holds a key of the erased person, or none of the other one")
			}
		})
	}
}

// TestLookup_AKeyThatMovesIsAlwaysFound: two subjects claim a key from each other again and again, which moves the key
// from a run, or from a row, to another row.
func TestLookup_AKeyThatMovesIsAlwaysFound(t *testing.T) {
	for _, gather := range []int{1, 1000} {
		t.Run(fmt.Sprintf("gather=%d", gather), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rodopath.db")
			st, twin := open(t, path), open(t, path)
			st.SetGather(gather)
			mustSave(t, st, store.Change{Subject: held("a", "k"), Claim: []string{"k"}})
			moved := make(chan struct{})
			go func() {
				defer close(moved)
				for i := range 40 {
					owner, former := []string{"b", "a"}[i%2], []string{"a", "b"}[i%2]
					s := held(owner, "k")
					s.Version, s.MergedFrom = int64((i+1)/2), []string{former}
					errs, err := st.Save(context.WithoutCancel(t.Context()), []store.Change{{Subject: s, Claim: s.Keys}})
					if err != nil || errs[0] != nil {
						t.Errorf("move %d: %v, %v", i, errs, err)
						return
					}
				}
			}()
			for {
				for name, each := range map[string]*sqlitestore.Store{"the store": st, "its twin": twin} {
					if found, err := each.Lookup(t.Context(), []string{"k"}); err != nil || found["k"] == "" {
						t.Errorf("%s finds the owner %q, %v, want one of both", name, found["k"], err)
					}
				}
				select {
				case <-moved:
					return
				default:
				}
			}
		})
	}
}

// TestRecent_AReleasedKeyIsFoundAgain: keys that are the last rows are released and claimed by another subject, in the
// same process and in another one. A number of a row that came twice hid the second owner.
func TestRecent_AReleasedKeyIsFoundAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, twin := open(t, path), open(t, path)
	keys := []string{"k1", "k2", "k3"}
	version := map[string]int64{}
	for round := range 3 {
		for i, owner := range []string{"a", "b"} {
			writer := []*sqlitestore.Store{st, twin}[(round+i)%2]
			s := held(owner, keys...)
			s.Version = version[owner]
			mustSave(t, writer, store.Change{Subject: s, Claim: keys})
			for _, each := range []*sqlitestore.Store{st, twin} {
				wantOwners(t, each, map[string]string{"k1": owner, "k2": owner, "k3": owner})
			}
			s.Keys, s.Version = nil, s.Version+1
			mustSave(t, writer, store.Change{Subject: s, Release: keys})
			version[owner] = s.Version + 1
			for _, each := range []*sqlitestore.Store{st, twin} {
				wantOwners(t, each, map[string]string{"k1": "", "k2": "", "k3": ""})
			}
		}
	}
}

// TestOpen_AKeyOfTwoOwnersInAFileOfBefore: a key that another subject had claimed was a recent key of the new owner,
// and in the index still one of the former. Once the new owner gives the key up, nobody has it, and the file no hash.
func TestOpen_AKeyOfTwoOwnersInAFileOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	former(t, path, 9, `
		INSERT INTO subjects (id, version, revision, pending, doc) VALUES
			('a', 1, 'r1', 0, CAST('{"id":"a"}' AS BLOB)), ('b', 1, 'r1', 0, CAST('{"id":"b"}' AS BLOB));
		INSERT INTO identities VALUES ('hash-moved', 'a'), ('hash-other', 'a');
		INSERT INTO recent_keys (key, subject) VALUES ('hash-moved', 'b');`)
	wantFormer(t, path, true)
	st := open(t, path)
	wantFormer(t, path, false)
	wantOwners(t, st, map[string]string{"hash-moved": "b", "hash-other": "a"})
	b := held("b")
	b.Version = 1
	mustSave(t, st, store.Change{Subject: b, Release: []string{"hash-moved"}})
	wantOwners(t, st, map[string]string{"hash-moved": "", "hash-other": "a"})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("hash-moved")) || !bytes.Contains(data, []byte("hash-other")) {
		t.Errorf("the file holds the released key, or not the other one")
	}
}

// former makes the file of an earlier version.
func former(t *testing.T, path string, version int, rows string) {
	t.Helper()
	if err := sqlitestore.MakeFormer(t.Context(), path, version, rows); err != nil {
		t.Fatal(err)
	}
}

// wantFormer checks whether an inspection tells of subjects without numbers.
func wantFormer(t *testing.T, path string, want bool) {
	t.Helper()
	if in, err := sqlitestore.Inspect(t.Context(), path); err != nil || in.Former != want {
		t.Errorf("got former subjects %t, %v, want %t", in.Former, err, want)
	}
}
