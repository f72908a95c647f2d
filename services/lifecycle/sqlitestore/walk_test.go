package sqlitestore

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/store"
	"github.com/rodopath/rodopath/services/lifecycle/storetest"
)

// TestStore_ConformsWhileListsFollowTheIndex: sorted lists of a label with many subjects are the same.
func TestStore_ConformsWhileListsFollowTheIndex(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
		path := filepath.Join(t.TempDir(), "rodopath.db")
		return func(t *testing.T) storetest.Store {
			st, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			st.walkFrom = 0
			t.Cleanup(func() {
				if err := st.Close(); err != nil {
					t.Error(err)
				}
			})
			return st
		}
	})
}

// TestSortedQuery_ReadsOnePageOfAMillion: the list of a label with many subjects follows the index and sorts nothing.
func TestSortedQuery_ReadsOnePageOfAMillion(t *testing.T) {
	st, err := Open(t.Context(), filepath.Join(t.TempDir(), "rodopath.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, by := range []store.Sort{store.SortReview, store.SortRequest, store.SortNotice} {
		for _, newest := range []bool{false, true} {
			page := store.Page{Labels: []string{"a", "b"}, Sort: by, Newest: newest, Limit: 50}
			query, args := sortedQuery(&page, &store.Place{ID: "x"}, 7, true)
			plan := explained(t, st, query, append(args, page.Limit)...)
			if !strings.Contains(plan, "INDEX subjects_"+string(by)+" (") {
				t.Errorf("by %s: the place is not found in the index:\n%s", by, plan)
			}
			inner, _, _ := strings.Cut(plan, "SCAN found")
			if strings.Contains(inner, "TEMP B-TREE") {
				t.Errorf("by %s: the list is sorted:\n%s", by, plan)
			}
		}
	}
}

func explained(t *testing.T, st *Store, query string, args ...any) string {
	t.Helper()
	var out strings.Builder
	err := st.visit(t.Context(), func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		out.WriteString(detail + "\n")
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
