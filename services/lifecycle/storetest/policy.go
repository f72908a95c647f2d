package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func policyTests() map[string]test {
	return map[string]test{
		"policies come back as they were adopted, the oldest first": policies,
		"a policy is adopted once for each time that it came":       addPolicyAgain,
		"a policy that many adopt is there once":                    addPolicyOnce,
	}
}

func mustAddPolicy(t *testing.T, st Store, p store.Policy) {
	t.Helper()
	if err := st.AddPolicy(t.Context(), p); err != nil {
		t.Fatalf("adopt: %v", err)
	}
}

func wantPolicies(t *testing.T, st Store, want ...store.Policy) {
	t.Helper()
	got, err := st.Policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policies differ (-want +got):\n%s", diff)
	}
}

func policies(t *testing.T, open func() Store) {
	st := open()
	first := store.Policy{
		Revision:   "z",
		From:       day.AddDate(-1, 0, 0),
		Controller: "Żółw & Syn",
		Text:       "rules:\n  - \"tax\" # ąę\n\ttab",
	}
	second := store.Policy{Revision: "b", From: day}
	third := store.Policy{Revision: "c", From: day}
	fourth := store.Policy{Revision: "a", From: day.Add(time.Millisecond + time.Nanosecond)}
	for _, p := range []store.Policy{fourth, third, first, second} {
		mustAddPolicy(t, st, p)
	}
	wantPolicies(t, st, first, second, third, fourth)
}

func addPolicyAgain(t *testing.T, open func() Store) {
	st := open()
	first := store.Policy{Revision: "a", From: day, Controller: "shop", Text: "one"}
	mustAddPolicy(t, st, first)
	mustAddPolicy(t, st, first)
	changed := first
	changed.Text, changed.From = "what was in force is not written anew", first.From.In(time.FixedZone("", 3600))
	mustAddPolicy(t, st, changed)
	between := store.Policy{Revision: "b", From: day.AddDate(0, 1, 0), Text: "two"}
	again := first
	again.From = day.AddDate(0, 2, 0)
	mustAddPolicy(t, st, again)
	mustAddPolicy(t, st, between)
	wantPolicies(t, st, first, between, again)
}

func addPolicyOnce(t *testing.T, open func() Store) {
	st := open()
	p := store.Policy{Revision: "a", From: day, Text: "one"}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := st.AddPolicy(context.WithoutCancel(t.Context()), p); err != nil {
				t.Errorf("adopt: %v", err)
			}
		})
	}
	wg.Wait()
	wantPolicies(t, st, p)
}
