package sqlitestore

import (
	"hash/maphash"
	"slices"
	"testing"
)

// TestRecent_KeysWithOneHash: two keys may have one hash, and each has its row.
func TestRecent_KeysWithOneHash(t *testing.T) {
	var r recent
	r.set("a", 1)
	r.rows[maphash.String(r.seed, "b")] = 7 // the row of a key with the hash of b
	r.set("b", 8)
	if got := r.rowsOf([]string{"a", "b", "c"}); !slices.Equal(got, []int64{1, 8}) {
		t.Errorf("got the rows %v, want 1 and 8", got)
	}
	if got := r.size(); got != 3 {
		t.Errorf("got %d keys, want 3", got)
	}
	r.remove("b", 8)
	r.remove("a", 1)
	if got := r.rowsOf([]string{"a", "b"}); !slices.Equal(got, []int64{7}) {
		t.Errorf("got the rows %v, want 7: the row of the other key", got)
	}
}
