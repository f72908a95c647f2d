package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func TestOpenHolds_StandUntilTheirOwnRelease(t *testing.T) {
	p := lifecycletest.Policy(t)
	told := func(words ...string) []fact.Fact {
		var out []fact.Fact
		for i, w := range words {
			kind, ref, _ := strings.Cut(w, " ")
			at := now.AddDate(0, 0, i-len(words))
			out = append(out, fact.Fact{ID: w, Kind: fact.Kind(kind), Ref: ref, Occurred: at, Received: at})
		}
		return out
	}
	for _, c := range []struct {
		facts []fact.Fact
		open  string
	}{
		{told("hold a"), "hold a"},
		{told("hold a", "release a"), ""},
		{told("hold a", "hold b", "release a"), "hold b"},
		{told("hold a", "release b"), "hold a"},
		{told("hold a", "hold b", "release "), ""},
		{told("hold ", "release a"), "hold "},
		{told("hold a", "release a", "hold a"), "hold a"},
	} {
		var got []string
		for _, f := range rules.OpenHolds(p, c.facts, now) {
			got = append(got, f.ID)
		}
		if strings.Join(got, ", ") != c.open {
			t.Errorf("after %v: %q stand, and %q should", c.facts, got, c.open)
		}
	}
}
