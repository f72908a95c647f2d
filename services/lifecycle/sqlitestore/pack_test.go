package sqlitestore

import (
	"strings"
	"testing"
)

// TestPack_KeysStayApart: keys of different kinds, generations and hashes have different forms, and a key that is no
// keyed hash keeps every byte.
func TestPack_KeysStayApart(t *testing.T) {
	const sum, other = "jQh3FuIMVyRphOXKMGe-mFqK6F4", "GKj3MNJKJrbWh7akG6d2ImXlMMc"
	seen := map[string]string{}
	for key, want := range map[string]int{
		"p" + sum: 1 + packedSum, "l" + sum: 1 + packedSum, "p" + other: 1 + packedSum,
		"p1." + sum: 2 + packedSum, "l1." + sum: 2 + packedSum, "p2." + sum: 2 + packedSum, "p300." + sum: 3 + packedSum,
		"p01." + sum: 32, "p-1." + sum: 32, "p." + sum: 30, "." + sum: 29, "x" + sum: 29, "p+" + sum[1:]: 29,
		"p" + sum[:26] + "_": 29, "p": 2, "l1.": 4, "p" + sum[:15]: 17, "": 1, "key-a": 6,
	} {
		got := pack(key)
		if len(got) != want {
			t.Errorf("%q has %d bytes, want %d", key, len(got), want)
		}
		if before, twice := seen[got]; twice {
			t.Errorf("%q and %q have one form", before, key)
		}
		seen[got] = key
		if got[0] == 0 && !strings.HasSuffix(got, key) {
			t.Errorf("%q lost bytes: %q", key, got)
		}
	}
}
