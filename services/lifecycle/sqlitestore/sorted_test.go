package sqlitestore

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	return out
}

// TestSorted_FiltersExcludeUnknownKeys: a key is a candidate in its own run, and hardly ever in another one. More runs
// than a group has are asked alike.
func TestSorted_FiltersExcludeUnknownKeys(t *testing.T) {
	const runs, each = 70, 1000
	var s sorted
	for run := range runs {
		s.add(int64(run+1), newFilter(numbered(fmt.Sprint("k", run, "-"), each), each))
	}
	wrong := 0
	for run := range runs {
		keys := numbered(fmt.Sprint("k", run, "-"), each)
		for other, list := range s.candidates(keys) {
			if other == int64(run+1) {
				if !slices.Equal(list, keys) {
					t.Errorf("run %d: got %d candidates, want all %d keys", other, len(list), each)
				}
				continue
			}
			wrong += len(list)
		}
	}
	if most := runs * each * (runs - 1) / 5000; wrong > most {
		t.Errorf("got %d wrong candidates, want at most %d", wrong, most)
	}
	if got := len(s.candidates(numbered("unknown-", each))); got > runs/2 {
		t.Errorf("unknown keys are candidates in %d runs", got)
	}
}

// TestSorted_AFilterOfAnotherSizeExcludesNothing: the number of recent keys may be another in a later version.
func TestSorted_AFilterOfAnotherSizeExcludesNothing(t *testing.T) {
	var s sorted
	s.add(1, newFilter([]string{"a"}, 100))
	s.add(2, newFilter([]string{"b"}, 200))
	got := s.candidates([]string{"b", "c"})
	if len(got[1]) != 0 || !slices.Equal(got[2], []string{"b", "c"}) {
		t.Errorf("got the candidates %v, want both keys in run 2 alone", got)
	}
}

// TestPrune_NoFilterKnowsAReleasedKey: the filter of a run is made anew after an erasure, in the file as well.
func TestPrune_NoFilterKnowsAReleasedKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	st.gather = 3
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	kept := lifecycle.Subject{ID: "a", Keys: []string{"kept", "moved"}, Revision: "r", ReviewAt: &at}
	erased := lifecycle.Subject{ID: "b", Keys: []string{"erased"}, Revision: "r", ReviewAt: &at}
	gone, merged := erased, erased
	gone.Version, gone.ReviewAt = 1, nil
	merged.ID, merged.Keys, merged.MergedFrom = "c", []string{"moved"}, []string{"a"}
	for _, c := range []store.Change{
		{Subject: kept, Claim: kept.Keys}, {Subject: erased, Claim: erased.Keys}, // three keys, which become a run
		{Subject: merged, Claim: merged.Keys}, {Subject: gone},
	} {
		if errs, err := st.Save(t.Context(), []store.Change{c}); err != nil || errs[0] != nil {
			t.Fatalf("save %s: %v, %v", c.Subject.ID, errs, err)
		}
	}
	wantRows(t, st.read, "SELECT count(*) FROM reduced_runs", 1)
	if _, err := st.Prune(t.Context(), at, 10); err != nil {
		t.Fatal(err)
	}
	wantRows(t, st.read, "SELECT count(*) FROM reduced_runs", 0)
	var again sorted
	if err := again.refresh(t.Context(), st.read); err != nil {
		t.Fatal(err)
	}
	if got := again.candidates(packAll([]string{"kept", "erased"}))[1]; !slices.Equal(got, packAll([]string{"kept"})) {
		t.Errorf("the filter knows %v, want the kept key alone", got)
	}
	if found, err := st.Lookup(t.Context(), []string{"kept", "moved", "erased"}); err != nil || len(found) != 2 {
		t.Errorf("got the owners %v, %v, want those of two keys", found, err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

func wantRows(t *testing.T, db *sql.DB, query string, want int) {
	t.Helper()
	var got int
	if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
		t.Errorf("%s: got %d and %v, want %d", query, got, err, want)
	}
}
