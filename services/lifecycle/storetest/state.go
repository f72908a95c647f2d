package storetest

import (
	"fmt"
	"sync"
	"testing"
)

func stateTests() map[string]test {
	return map[string]test{
		"of the state of a name the latest counts":          state,
		"a state that many add at once is that of one":      addState,
		"a state that is stored is not replaced by another": addLater,
	}
}

func addState(t *testing.T, open func() Store) {
	const processes = 6
	got := make([]string, processes)
	var all sync.WaitGroup
	for i := range processes {
		st := open()
		all.Go(func() {
			var err error
			if got[i], err = st.AddState(t.Context(), "mark", fmt.Sprint("by ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range got {
		if got[i] == "" || got[i] != got[0] {
			t.Errorf("got %q, want the same of every process", got)
			break
		}
	}
}

func addLater(t *testing.T, open func() Store) {
	st := open()
	if err := st.SetState(t.Context(), "mark", "first"); err != nil {
		t.Fatal(err)
	}
	if got, err := st.AddState(t.Context(), "mark", "second"); err != nil || got != "first" {
		t.Errorf("got %q, %v, want the first", got, err)
	}
}

func state(t *testing.T, open func() Store) {
	st := open()
	for _, doc := range []string{"", "first", "second ąę"} {
		if doc != "" {
			if err := st.SetState(t.Context(), "mark", doc); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := st.State(t.Context(), "mark"); err != nil || got != doc {
			t.Errorf("got %q, %v, want %q", got, err, doc)
		}
	}
	if got, err := st.State(t.Context(), "another"); err != nil || got != "" {
		t.Errorf("got %q, %v, want nothing of another name", got, err)
	}
}
