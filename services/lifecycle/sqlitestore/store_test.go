package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/storetest"
)

func TestStore_Conforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
		path := filepath.Join(t.TempDir(), "rodopath.db")
		return func(t *testing.T) storetest.Store { return open(t, path) }
	})
}

// TestStore_Conforms_SortsIn sorts recent keys in before most writes, so that keys are read from both tables.
func TestStore_Conforms_SortsIn(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
		path := filepath.Join(t.TempDir(), "rodopath.db")
		return func(t *testing.T) storetest.Store {
			st := open(t, path)
			st.SetGather(2)
			return st
		}
	})
}

func open(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}
