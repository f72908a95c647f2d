package rules

import (
	"strconv"
	"testing"
)

// TestTable_AgreesWithAMap fills a table to short and long lengths, each time in the memory of the table before.
func TestTable_AgreesWithAMap(t *testing.T) {
	var used table[string, int]
	for _, n := range []int{shortTable - 1, 5 * shortTable, 3, 2 * shortTable, shortTable, shortTable + 1} {
		used = used.emptied(n)
		want := map[string]int{}
		for i := range 3 * n {
			key := strconv.Itoa(i % n)
			*used.at(key) += i
			want[key] += i
		}
		if len(used.keys) != n || used.place("none") >= 0 || used.get("none") != 0 {
			t.Fatalf("%d keys, want %d", len(used.keys), n)
		}
		for i, key := range used.keys {
			if key != strconv.Itoa(i) || used.place(key) != i || used.get(key) != want[key] {
				t.Errorf("of %d keys %q at %d has %d, want %d", n, key, i, used.get(key), want[key])
			}
		}
	}
}
