package storetest

import "testing"

func stateTests() map[string]test {
	return map[string]test{"of the state of a name the latest counts": state}
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
