package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func stateTests() map[string]test {
	return map[string]test{
		"of the state of a name the latest counts":          state,
		"a state that many add at once is that of one":      addState,
		"a state that is stored is not replaced by another": addLater,
		"a state is replaced by one of those that saw it":   replaceState,
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

// replaceState counts with several processes at once: none overwrites the count of another.
func replaceState(t *testing.T, open func() Store) {
	const processes, each = 4, 5
	var all sync.WaitGroup
	for range processes {
		st := open()
		all.Go(func() {
			for range each {
				if err := countOne(t.Context(), st); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got, err := open().State(t.Context(), "count"); err != nil || got != fmt.Sprint(processes*each) {
		t.Errorf("got %q, %v, want %d", got, err, processes*each)
	}
}

func countOne(ctx context.Context, st Store) error {
	for {
		former, err := st.State(ctx, "count")
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(former) // empty at first
		err = st.ReplaceState(ctx, "count", former, strconv.Itoa(n+1))
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
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
