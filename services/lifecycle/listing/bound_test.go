package listing

import (
	"errors"
	"fmt"
	"testing"
)

func TestSet_KeepsNotMoreThanTheBound(t *testing.T) {
	var r Register
	for n := range maxEntries {
		if err := r.set(Entry{Source: "shop", Product: fmt.Sprint(n)}); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
	}
	if err := r.set(Entry{Source: "shop", Product: "another"}); !errors.Is(err, ErrFull) {
		t.Errorf("one entry too many: got %v, want %v", err, ErrFull)
	}
	if err := r.set(Entry{Source: "shop", Product: "0", Days: 30}); err != nil || r.Entries[0].Days != 30 {
		t.Errorf("an entry replaced in a full register: got %v, %d days, want 30 days", err, r.Entries[0].Days)
	}
}
